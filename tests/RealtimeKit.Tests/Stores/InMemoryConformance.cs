using RealtimeKit.Brokers;
using RealtimeKit.InMemory;
using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Stores;

[ConformanceOf(typeof(InMemoryStore))]
public sealed class InMemoryMessageStoreTests : MessageStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => InMemory.CreateAsync();
}

[ConformanceOf(typeof(InMemoryStore))]
public sealed class InMemoryChannelStoreTests : ChannelStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => InMemory.CreateAsync();
}

[ConformanceOf(typeof(InMemoryStore))]
public sealed class InMemorySearchStoreTests : MessageSearchConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => InMemory.CreateAsync();
}

[ConformanceOf(typeof(InMemoryStore))]
public sealed class InMemoryInboxStoreTests : InboxStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => InMemory.CreateAsync();
}

[ConformanceOf(typeof(InMemoryBroker))]
public sealed class InMemoryBrokerConformanceTests : MessageBrokerConformance
{
    private readonly InMemoryBrokerNetwork _network = new();

    protected override ValueTask<IMessageBroker> CreateAsync() => ValueTask.FromResult<IMessageBroker>(new InMemoryBroker(_network));

    protected override ValueTask InterruptAsync()
    {
        _network.Online = false;
        _network.Online = true;
        return ValueTask.CompletedTask;
    }
}

internal static class InMemory
{
    public static ValueTask<StoreUnderTest> CreateAsync()
    {
        var store = new InMemoryStore();
        return ValueTask.FromResult(new StoreUnderTest(store, store));
    }
}
