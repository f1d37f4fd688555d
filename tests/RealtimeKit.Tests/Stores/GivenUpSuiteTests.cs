using FluentAssertions;
using RealtimeKit.Testing;
using Xunit;
using Xunit.Sdk;

namespace RealtimeKit.Tests.Stores;

/// <summary>The suites find a store that carries out a call after its caller was told that it is over.</summary>
public sealed class GivenUpSuiteTests
{
    [Fact]
    public async Task A_late_membership_is_found() => await FoundAsync(new LateChannels(), suite => suite.MemberGivenUpDoesNotComeAfterwards());

    [Fact]
    public async Task A_late_message_is_found() => await FoundAsync(new LateMessages(), suite => suite.MessageGivenUpIsNotStoredAfterwards());

    [Fact]
    public async Task A_late_edit_is_found() => await FoundAsync(new LateMessages(), suite => suite.EditGivenUpDoesNotOverwriteALaterOne());

    [Fact]
    public async Task A_list_that_is_read_late_is_found() => await FoundAsync(new LateMessages(), suite => suite.ListFilledAnewChangesNothing());

    private static async Task FoundAsync<T>(T suite, Func<T, Task> test) where T : StoreConformance
    {
        await suite.InitializeAsync();
        await suite.Awaiting(test).Should().ThrowAsync<XunitException>();
        await suite.DisposeAsync();
    }

    private static ValueTask<StoreUnderTest> Create()
    {
        var store = new LateStore();
        return ValueTask.FromResult(new StoreUnderTest(store, store));
    }

#pragma warning disable xUnit1000 // The runner does not find these: each test above runs one of theirs, and expects it to fail.
    private sealed class LateChannels : ChannelStoreConformance
    {
        protected override ValueTask<StoreUnderTest> CreateAsync() => Create();
    }

    private sealed class LateMessages : MessageStoreConformance
    {
        protected override ValueTask<StoreUnderTest> CreateAsync() => Create();
    }
#pragma warning restore xUnit1000
}
