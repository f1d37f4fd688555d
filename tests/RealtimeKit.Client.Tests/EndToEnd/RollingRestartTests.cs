using RealtimeKit.InMemory;

namespace RealtimeKit.Client.Tests;

/// <summary>Nodes that are restarted one after another while everybody goes on talking.</summary>
public sealed class RollingRestartTests
{
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rolling_restart_of_three_nodes_under_load_loses_nothing_and_nobody_is_away_for_long()
    {
        var (store, network) = (new InMemoryStore(), new InMemoryBrokerNetwork());
        var hosts = new List<ChatHost>();
        for (var node = 0; node < 3; node++) hosts.Add(await StartAsync(store, network, port: 0));
        await using var balancer = new TcpProxy([.. hosts.Select(host => host.Port)]);
        // The waits between attempts are those of the real defaults.
        var clients = Enumerable.Range(0, 9).Select(number => hosts[0].Client($"user-{number}", balancer, options =>
        {
            options.ReconnectDelay = TimeSpan.FromMilliseconds(500);
            options.MaxReconnectDelay = TimeSpan.FromSeconds(30);
        })).ToList();
        var absences = clients.Select(client => new Absence(client)).ToList();
        foreach (var client in clients)
        {
            await client.ConnectAsync(Token).InTime();
            await client.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        }

        using var talking = new CancellationTokenSource();
        var senders = clients.Select(client => TalkAsync(client, talking.Token)).ToList();
        var before = balancer.Accepted;
        for (var node = 0; node < 3; node++)
        {
            var port = hosts[node].Port;
            await hosts[node].DisposeAsync();
            hosts[node] = await StartAsync(store, network, port);
        }

        foreach (var client in clients) await client.UntilAsync(ConnectionStatus.Connected);
        await talking.CancelAsync();
        var sent = (await Task.WhenAll(senders).InTime()).SelectMany(texts => texts).ToList();
        balancer.Accepted.Should().BeGreaterThan(before, "somebody had to move");
        (await hosts[0].HistoryAsync()).Select(message => message.Text).Should().BeEquivalentTo(sent, "each is stored, once");
        foreach (var client in clients)
        {
            var seen = await client.Channel("lobby").TakeWhileAsync(update => update is not MessagePosted posted || posted.Message.Sequence != sent.Count);
            seen.Sequences().Should().Equal(Enumerable.Range(1, sent.Count).Select(number => (long)number));
        }

        foreach (var absence in absences) absence.Longest.Should().BeLessThan(LongestAway);

        foreach (var client in clients) await client.DisposeAsync();
        foreach (var host in hosts) await host.DisposeAsync();
    }

    private static Task<ChatHost> StartAsync(InMemoryStore store, InMemoryBrokerNetwork network, int port) =>
        ChatHost.StartAsync(store, port, options => options.DrainPeriod = TimeSpan.FromSeconds(2), network);

    // Every send is awaited: it must end with an acknowledgement, whatever becomes of its node.
    private static async Task<List<string>> TalkAsync(RealtimeClient client, CancellationToken until)
    {
        var texts = new List<string>();
        while (!until.IsCancellationRequested)
        {
            texts.Add($"{client.State.User} {texts.Count} {Guid.NewGuid():N}");
            await client.Channel("lobby").SendAsync(texts[^1], Token).InTime();
            await Task.Delay(20, Token);
        }

        return texts;
    }

    /// <summary>How long a client was without a connection, at most.</summary>
    private sealed class Absence
    {
        private readonly Lock _gate = new();
        private long? _since;
        private TimeSpan _longest;

        public Absence(RealtimeClient client) => client.StateChanged += (_, state) => Note(state.Status == ConnectionStatus.Connected);

        public TimeSpan Longest
        {
            get
            {
                lock (_gate) return _longest;
            }
        }

        private void Note(bool connected)
        {
            lock (_gate)
            {
                if (!connected) _since ??= TimeProvider.System.GetTimestamp();
                else if (_since is { } since)
                {
                    var absence = TimeProvider.System.GetElapsedTime(since);
                    if (absence > _longest) _longest = absence;
                    _since = null;
                }
            }
        }
    }
}
