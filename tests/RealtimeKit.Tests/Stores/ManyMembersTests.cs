using System.Diagnostics;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>20,000 members in one call, on real databases: what it costs beside the same one by one.</summary>
public sealed class ManyMembersTests
{
    private const int Many = 20_000;
    private const int Few = 200;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sqlite_takes_them_in_one_call()
    {
        using var database = new TemporaryDatabase();
        using var store = database.Open();
        await CompareAsync(store, store);
    }

    [Fact]
    public async Task PostgreSql_takes_them_in_one_call()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using var store = schema.Open();
        await CompareAsync(store, store);
    }

    private static async Task CompareAsync(IMessageStore messages, IChannelStore channels)
    {
        await using var node = await TestNode.StartAsync(builder => builder.Services.AddSingleton(messages).AddSingleton(channels));
        await node.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        var start = Stopwatch.GetTimestamp();
        for (var number = 0; number < Few; number++) await node.Messaging.Members.AddAsync("p", $"single-{number}", cancellationToken: Cancel);
        var single = Stopwatch.GetElapsedTime(start) / Few;

        string[] users = [.. Enumerable.Range(0, Many).Select(number => $"user-{number:d5}")];
        start = Stopwatch.GetTimestamp();
        (await node.Messaging.Members.AddManyAsync("p", users, cancellationToken: Cancel)).Changed.Should().Be(Many);
        var added = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        (await node.Messaging.Members.RemoveManyAsync("p", users, cancellationToken: Cancel)).Changed.Should().Be(Many);
        var removed = Stopwatch.GetElapsedTime(start);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"One by one {single.TotalMilliseconds:f2} ms each; {Many} in one call {added.TotalMilliseconds:f0} ms, out again {removed.TotalMilliseconds:f0} ms.");
        (await node.Messaging.Members.ListAsync("p", "single-99", Cancel)).Members.Should().BeEmpty();
        foreach (var taken in new[] { added, removed }) (taken / Many).Should().BeLessThan(single / 3);
    }
}
