using System.Text;
using RealtimeKit.Brokers;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>
/// What every <see cref="IMessageBroker"/> must do while it is reachable, shown with two nodes on one broker. It may
/// repeat and reorder, and the tests let it.
/// </summary>
public abstract class MessageBrokerConformance : IAsyncLifetime
{
    private readonly RecordingReceiver _here = new();
    private readonly RecordingReceiver _there = new();
    private IMessageBroker? _one;
    private IMessageBroker? _two;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Makes the broker of another node, not started, on the same network as those before in this test.</summary>
    protected abstract ValueTask<IMessageBroker> CreateAsync();

    /// <summary>Takes the connections of all nodes away, and lets them come back by themselves.</summary>
    protected abstract ValueTask InterruptAsync();

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        _one = await CreateAsync();
        _two = await CreateAsync();
        await _one.StartAsync(_here, Cancel);
        await _two.StartAsync(_there, Cancel);
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var broker in new[] { _one, _two })
        {
            if (broker is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
            else (broker as IDisposable)?.Dispose();
        }
    }

    /// <summary>What one node publishes arrives at the other, byte for byte, in both directions.</summary>
    [Fact]
    public async Task PublicationsArriveAtTheOtherNode()
    {
        await _one!.SubscribeAsync("lobby", Cancel);
        await _two!.SubscribeAsync("lobby", Cancel);
        byte[] payload = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        _one.Publish("lobby", payload);
        _two.Publish("lobby", "back"u8);

        Assert.Equal(payload, await _there.WaitForAsync("lobby", received => received.Length == payload.Length));
        Assert.Equal("back"u8.ToArray(), await _here.WaitForAsync("lobby", received => received.Length == 4));
    }

    /// <summary>A payload is copied: the publisher may use its buffer again at once.</summary>
    [Fact]
    public async Task BufferMayBeUsedAgainAtOnce()
    {
        await _two!.SubscribeAsync("lobby", Cancel);
        var buffer = new byte[50_000];
        for (byte number = 1; number <= 20; number++)
        {
            buffer.AsSpan().Fill(number);
            _one!.Publish("lobby", buffer);
        }

        for (byte number = 1; number <= 20; number++)
        {
            var expected = number;
            var received = await _there.WaitForAsync("lobby", payload => payload[0] == expected);
            Assert.Equal(buffer.Length, received.Length);
            Assert.All(received, value => Assert.Equal(expected, value));
        }
    }

    /// <summary>When a subscription has ended its start, nothing that is published after it is missed.</summary>
    [Fact]
    public async Task NothingIsMissedAfterSubscribing()
    {
        for (var number = 0; number < 50; number++)
        {
            await _two!.SubscribeAsync($"room-{number}", Cancel);
            _one!.Publish($"room-{number}", Encoding.UTF8.GetBytes($"{number}"));
        }

        for (var number = 0; number < 50; number++)
            Assert.Equal($"{number}", Encoding.UTF8.GetString(await _there.WaitForAsync($"room-{number}", _ => true)));
    }

    /// <summary>Only subscribed channels arrive; names that look alike are different.</summary>
    [Fact]
    public async Task OnlySubscribedChannelsArrive()
    {
        await _two!.SubscribeAsync("room.a", Cancel);
        foreach (var other in new[] { "room", "room.b", "room.a.b", "Room.a", "room:a", "a", "room.a-" }) _one!.Publish(other, "no"u8);
        _one!.Publish("room.a", "yes"u8);

        await _there.WaitForAsync("room.a", _ => true);
        Assert.Equal(["room.a"], _there.Channels);
    }

    /// <summary>After the end of a subscription nothing more arrives; the others go on.</summary>
    [Fact]
    public async Task NothingArrivesAfterUnsubscribing()
    {
        await _two!.SubscribeAsync("one", Cancel);
        await _two.SubscribeAsync("two", Cancel);
        _one!.Publish("one", "before"u8);
        await _there.WaitForAsync("one", _ => true);
        await _two.UnsubscribeAsync("one", Cancel);
        _one.Publish("one", "after"u8);
        _one.Publish("two", "after"u8);

        await _there.WaitForAsync("two", _ => true);
        Assert.DoesNotContain(_there.Payloads("one"), payload => payload.AsSpan().SequenceEqual("after"u8));
        await _two.SubscribeAsync("one", Cancel);
        _one.Publish("one", "again"u8);
        await _there.WaitForAsync("one", payload => payload.AsSpan().SequenceEqual("again"u8));
    }

    /// <summary>Subscribing twice is the same as once, and ending what is not subscribed is no failure.</summary>
    [Fact]
    public async Task SubscriptionsAreNotCounted()
    {
        await _two!.UnsubscribeAsync("one", Cancel);
        await _two.SubscribeAsync("one", Cancel);
        await _two.SubscribeAsync("one", Cancel);
        await _two.UnsubscribeAsync("one", Cancel);
        await _two.SubscribeAsync("two", Cancel);
        _one!.Publish("one", "no"u8);
        _one.Publish("two", "yes"u8);

        await _there.WaitForAsync("two", _ => true);
        Assert.Equal(["two"], _there.Channels);
    }

    /// <summary>Publishing where nobody listens is no failure.</summary>
    [Fact]
    public async Task NobodyNeedsToListen()
    {
        _one!.Publish("nobody", "x"u8);
        await _two!.SubscribeAsync("lobby", Cancel);
        _one.Publish("lobby", "y"u8);
        await _there.WaitForAsync("lobby", _ => true);
    }

    /// <summary>Many publishers at once lose nothing while the broker is there.</summary>
    [Fact]
    public async Task ManyPublishersLoseNothing()
    {
        const int tasks = 4, each = 250;
        await _two!.SubscribeAsync("lobby", Cancel);
        await Task.WhenAll(Enumerable.Range(0, tasks).Select(task => Task.Run(() =>
        {
            for (var number = 0; number < each; number++) _one!.Publish("lobby", Encoding.UTF8.GetBytes($"{task} {number}"));
        }, Cancel)));

        var expected = Enumerable.Range(0, tasks).SelectMany(task => Enumerable.Range(0, each).Select(number => $"{task} {number}")).ToHashSet();
        await _there.WaitForAllAsync(received => received.Select(Encoding.UTF8.GetString).ToHashSet().SetEquals(expected));
    }

    /// <summary>A payload of 1 MiB arrives whole.</summary>
    [Fact]
    public async Task LargePayloadArrivesWhole()
    {
        await _two!.SubscribeAsync("lobby", Cancel);
        var payload = new byte[1 << 20];
        for (var index = 0; index < payload.Length; index++) payload[index] = (byte)(index * 31 >> 3);
        _one!.Publish("lobby", payload);
        Assert.Equal(payload, await _there.WaitForAsync("lobby", received => received.Length == payload.Length));
    }

    /// <summary>A channel's name may be any text of up to 200 characters; names that are nearly the same are different.</summary>
    [Fact]
    public async Task AnyNameIsPossible()
    {
        string[] names = ["$nodes", "room", "Room", "room ", "room.*", "room/#", "räume 🙂", "\u0001\n", "*", "", new string('x', 200), new string('ä', 200), $"{new string('x', 199)}y"];
        foreach (var name in names) await _two!.SubscribeAsync(name, Cancel);
        for (var index = 0; index < names.Length; index++) _one!.Publish(names[index], [(byte)index]);
        for (var index = 0; index < names.Length; index++)
        {
            await _there.WaitForAsync(names[index], _ => true);
            Assert.All(_there.Payloads(names[index]), payload => Assert.Equal((byte)index, Assert.Single(payload)));
        }
    }

    /// <summary>Each of thousands of channels that come and go gets what is its own.</summary>
    [Fact]
    public async Task ThousandsOfChannelsComeAndGo()
    {
        const int count = 2_000;
        for (var number = 0; number < count; number++) await _two!.SubscribeAsync($"channel {number}", Cancel);
        for (var number = 0; number < count; number += 2) await _two!.UnsubscribeAsync($"channel {number}", Cancel);
        for (var number = 0; number < count; number++) _one!.Publish($"channel {number}", BitConverter.GetBytes(number));

        var expected = Enumerable.Range(0, count / 2).Select(half => (2 * half) + 1).ToHashSet();
        await _there.WaitForAllAsync(received => received.Select(payload => BitConverter.ToInt32(payload)).ToHashSet().SetEquals(expected));
        Assert.All(expected, number => Assert.Equal(number, BitConverter.ToInt32(_there.Payloads($"channel {number}")[0])));
    }

    /// <summary>A lost connection is told, and told again when it is there; what was subscribed to is carried then without more.</summary>
    [Fact]
    public async Task InterruptionIsToldAndSubscriptionsOutliveIt()
    {
        await _two!.SubscribeAsync("lobby", Cancel);
        await InterruptAsync();
        await _here.WaitUntilRegainedAsync();
        await _there.WaitUntilRegainedAsync();

        _one!.Publish("lobby", "again"u8);
        await _there.WaitForAsync("lobby", payload => payload.AsSpan().SequenceEqual("again"u8));
    }
}
