using RealtimeKit.Checking.Checks;

namespace RealtimeKit.Checking.Clients;

/// <summary>Publishes to one channel with full windows: one is under way while the next one gathers.</summary>
/// <param name="client">Whose connection it uses.</param>
/// <param name="channel">The channel.</param>
/// <param name="window">How many messages a window has.</param>
/// <param name="seed">Decides what it sends.</param>
/// <param name="scene">What the clients share.</param>
internal sealed class FullHand(RawParticipant client, string channel, int window, int seed, Scene scene)
{
    private readonly Random _random = new(seed);

    /// <summary>Publishes until told to stop, and ends when each message has its answer or it is to give up.</summary>
    public async Task WorkAsync(CancellationToken stop, CancellationToken giveUp)
    {
        var lane = new RawLane(channel, client.Name, client.ConnectionAsync, scene, _random.Next(), window);
        var sending = lane.RunAsync(stop, giveUp);
        var underWay = new Queue<Task>();
        for (var number = 1; !stop.IsCancellationRequested; number++)
        {
            var send = new RawSend(scene.Ledger.Begin(
                scene.Ledger.NewId(_random), channel, client.Name, client.User, number, Scene.Text(client.User, "floods", _random)));
            underWay.Enqueue(scene.Pending.Of(SettleAsync(send, giveUp)));
            lane.Add(send);
            if (underWay.Count > window) await underWay.Dequeue();
        }

        await sending;
        await Task.WhenAll(underWay);
    }

    // Who sends too much is told to wait, and nothing else.
    private async Task SettleAsync(RawSend send, CancellationToken giveUp)
    {
        try
        {
            var sequence = await send.Done.Task.WaitAsync(giveUp);
            scene.Findings.Require(
                Check.Live, sequence is not null, () => $"{client.Name}: {send.Entry.Id} was answered with '{send.Entry.Refused ?? "internal"}' in an overload");
        }
        catch (OperationCanceledException)
        {
            // It leaves; the message may be stored or not.
            send.Entry.Abandon();
        }
    }
}
