using System.Text.Json;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Clients;

/// <summary>
/// A bare client's messages to one channel, in their order. The first go as one window in one transport message; when each
/// has its answer, what was refused for now or lost with the connection stays in front, and the next window goes.
/// </summary>
internal sealed class RawLane(
    string channel, string name, Func<CancellationToken, Task<RawConnection>> connection, Scene scene, int seed, int window = RawLane.UsualWindow)
{
    private const int UsualWindow = 8;
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();
    private readonly LinkedList<RawSend> _waiting = [];
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sends a copy of a message through somebody else's connection at the same time.</summary>
    public Func<string, RawSend, Task>? SendCopyAsync { get; set; }

    public void Add(RawSend send)
    {
        lock (_gate)
        {
            _waiting.AddLast(send);
            _arrived.TrySetResult();
        }
    }

    /// <summary>Sends until it is told to stop and nothing waits, or is given up.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken giveUp)
    {
        while (!giveUp.IsCancellationRequested && await NextWindowAsync(stop) is { } next)
        {
            try
            {
                var retry = await SendAsync(await connection(giveUp), next);
                if (retry) await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 400)), scene.Time, giveUp);
            }
            catch (ConnectionLostException)
            {
                // The same window goes again over the next connection.
                await Task.Delay(TimeSpan.FromMilliseconds(20), scene.Time, giveUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<bool> SendAsync(RawConnection link, List<RawSend> sends)
    {
        foreach (var send in sends) send.Entry.Try();
        var replies = await link.SendAsync([.. sends.Select(send => ("publish", send.Fields(channel)))]);
        var copy = SendCopyAsync is not null && _random.Next(20) == 0 ? SendCopyAsync(channel, sends[0]) : Task.CompletedTask;
        var (retry, lost) = (false, false);
        for (var i = 0; i < sends.Count; i++)
        {
            try
            {
                retry |= !Settle(sends[i], await replies[i]);
            }
            catch (ConnectionLostException)
            {
                lost = true;
            }
        }

        await copy;
        return lost ? throw new ConnectionLostException("the connection was lost with a window under way") : retry;
    }

    /// <summary>Takes the answer to a message; false where it is to be sent again.</summary>
    public bool Settle(RawSend send, JsonElement reply)
    {
        if (RawConnection.Type(reply) == "published")
        {
            var (sequence, duplicate) = (reply.GetProperty("sequence").GetInt64(), reply.GetProperty("duplicate").GetBoolean());
            scene.Findings.Require(Check.Agreement, reply.GetProperty("messageId").GetGuid() == send.Entry.Id, () => $"{name} was answered for another message: {reply}");
            if (send.Expected is { } expected) scene.Findings.Violate(Check.Phantom, $"{name}: {send.Entry.Id} must be refused with {expected}, and was acknowledged as {sequence}");
            scene.Ledger.Acknowledge(send.Entry, sequence, duplicate);
            scene.Story.Tell($"{name} acknowledged {channel} {send.Entry.Id} as {sequence}{(duplicate ? " (duplicate)" : "")}");
            Finish(send, sequence);
            return true;
        }

        var code = reply.GetProperty("code").GetString()!;
        scene.Story.Tell($"{name} refused {channel} {send.Entry.Id}: {code}");
        if (Codes.IsForNow(code)) return false;
        if (Codes.IsDefinite(code) && code != Codes.Muted) send.Entry.Refuse(code);
        else send.Entry.Abandon();
        Finish(send, null);
        return true;
    }

    private void Finish(RawSend send, long? sequence)
    {
        lock (_gate) _waiting.Remove(send);
        send.Done.TrySetResult(sequence);
    }

    private async Task<List<RawSend>?> NextWindowAsync(CancellationToken stop)
    {
        while (true)
        {
            Task arrived;
            lock (_gate)
            {
                if (_waiting.Count > 0) return [.. _waiting.Take(window)];
                if (stop.IsCancellationRequested) return null;
                if (_arrived.Task.IsCompleted) _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                arrived = _arrived.Task;
            }

            await arrived.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

/// <summary>A message on its way, and the promise of its place.</summary>
internal sealed class RawSend(Send entry)
{
    public Send Entry => entry;

    /// <summary>The error that it must get, where it is sent to be refused.</summary>
    public string? Expected { get; init; }

    /// <summary>The message that it answers; one that does not exist, where it is sent to be refused.</summary>
    public long? ReplyTo { get; init; }

    /// <summary>Its sequence, or nothing where it was refused.</summary>
    public TaskCompletionSource<long?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Dictionary<string, object?> Fields(string channel, string? text = null)
    {
        var message = new Dictionary<string, object?> { ["id"] = entry.Id.ToString(), ["text"] = text ?? entry.Text };
        if (ReplyTo is not null) message["replyTo"] = ReplyTo;
        return new() { ["channel"] = channel, ["message"] = message };
    }
}
