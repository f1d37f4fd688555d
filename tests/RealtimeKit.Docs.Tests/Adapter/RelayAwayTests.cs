using System.Collections.Concurrent;
using System.Net;
using FluentAssertions;
using RealtimeKit.Brokers;
using Xunit;

namespace RealtimeKit.Docs.Adapter;

/// <summary>What the suite leaves open, because brokers differ in it: what is told while the relay is away.</summary>
public sealed class RelayAwayTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_relay_it_starts_loses_and_says_so_and_is_whole_when_the_relay_comes()
    {
        var receiver = new Receiver();
        EndPoint address;
        await using (var first = new SocketRelay(new IPEndPoint(IPAddress.Loopback, 0))) address = first.Address;
        await using var broker = new SocketBroker(address, TimeProvider.System);
        await broker.StartAsync(receiver, Cancel);
        await broker.SubscribeAsync("lobby", Cancel);
        broker.Publish("lobby", "x"u8);
        receiver.Told.Should().Equal("lost", "lobby");

        await using var relay = new SocketRelay(address);
        await receiver.Regained.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        broker.Publish("lobby", "y"u8);
        receiver.Told.Should().Equal("lost", "lobby", "regained");
    }

    private sealed class Receiver : IBrokerReceiver
    {
        private readonly TaskCompletionSource _regained = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<string> Told { get; } = [];

        public Task Regained => _regained.Task;

        public void Receive(string channel, ReadOnlySpan<byte> payload)
        {
        }

        public void ConnectionLost() => Told.Enqueue("lost");

        public void ConnectionRegained()
        {
            Told.Enqueue("regained");
            _regained.SetResult();
        }

        public void PublishLost(string channel) => Told.Enqueue(channel);
    }
}
