using FluentAssertions;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>Many nodes that start at the same moment on an empty database.</summary>
public sealed class PostgreSqlStartTests
{
    [Fact]
    public async Task Ten_nodes_may_make_the_schema_and_the_same_channel_at_once()
    {
        var now = DateTimeOffset.UnixEpoch;
        for (var round = 0; round < 5; round++)
        {
            await using var schema = await TemporarySchema.CreateAsync();
            var stores = Enumerable.Range(0, 10).Select(_ => schema.Open()).ToList();
            await Task.WhenAll(stores.Select(async store =>
                await store.CreateAsync(new NewChannel("lobby", ChannelKind.Public, null, null, [], now), CancellationToken.None)));
            var epochs = new HashSet<string>();
            foreach (var store in stores)
            {
                foreach (var head in await store.ReadHeadsAsync(["lobby"], CancellationToken.None)) epochs.Add(head.Epoch);
                await store.DisposeAsync();
            }

            epochs.Should().ContainSingle("there is one channel");
        }
    }
}
