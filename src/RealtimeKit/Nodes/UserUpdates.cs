using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Nodes;

/// <summary>
/// Sends what changed of users to the connections that asked for them, on all nodes. The directory is asked anew for each connection, a few
/// at once: what its user may see is the directory's decision. Safe for concurrent use.
/// </summary>
internal sealed partial class UserUpdates(
    UserWatchers watchers, Profiles profiles, Distributor distributor, RealtimeOptions options, TimeProvider time, ILogger<UserUpdates> logger)
{
    private const int AtOnce = 4;
    private static readonly TimeSpan LongestLookup = TimeSpan.FromSeconds(10);

    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private volatile Exception? _failure;

    /// <summary>The host says that users changed: all nodes send what they now are.</summary>
    public void Changed(IReadOnlyCollection<string> users)
    {
        Take(users);
        if (!distributor.HasOtherNodes) return;
        using var body = new FrameBuffer();
        foreach (var user in users)
        {
            if (body.Length + user.Length + 1 > NodeNotices.LargestBody)
            {
                distributor.PublishToNodes(BrokerNotice.Users, 0, body.WrittenSpan);
                body.Clear();
            }

            NodeNotices.Write(body, user);
        }

        if (body.Length > 0) distributor.PublishToNodes(BrokerNotice.Users, 0, body.WrittenSpan);
    }

    /// <summary>Takes another node's notice.</summary>
    public void Receive(ref NodeNoticeReader reader)
    {
        var users = new List<string>();
        while (reader.HasMore) users.Add(reader.ReadUser());
        if (!reader.IsFaulty) Take(users);
    }

    /// <summary>A connection was asked about to its end.</summary>
    public void End(Watcher watcher)
    {
        if (watchers.End(watcher)) _due.Writer.TryWrite(true);
    }

    /// <summary>Runs until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in _due.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                await RunRoundAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => SendDueAsync(cancellationToken))).ConfigureAwait(false);
        if (_failure is not { } failure) return;
        LookupFailed(failure);
        await Task.Delay(options.RepairInterval, time, cancellationToken).ConfigureAwait(false);
        _failure = null;
        _due.Writer.TryWrite(true);
    }

    private void Take(IReadOnlyCollection<string> users)
    {
        var due = false;
        foreach (var user in users) due |= watchers.Note(user);
        if (due) _due.Writer.TryWrite(true);
    }

    // A directory that fails is not asked on in this round.
    private async Task SendDueAsync(CancellationToken cancellationToken)
    {
        while (_failure is null && watchers.TryTakeDue(out var watcher, out var changed))
        {
            try
            {
                await SendAsync(watcher.Session, changed, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                if (watchers.Restore(watcher, changed)) _failure = exception;
            }

            End(watcher);
        }
    }

    private async Task SendAsync(Session session, IReadOnlyList<string> changed, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(LongestLookup, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        foreach (var piece in changed.Chunk(ProtocolConstants.MaxUsersPerRequest))
        {
            using var frames = new FrameBuffer();
            foreach (var profile in await profiles.FindAsync(session, piece, either.Token).ConfigureAwait(false)) ServerEvents.User(frames, profile);
            session.Output.Signal(frames.WrittenSpan);
        }
    }

    [LoggerMessage(62, LogLevel.Warning, "The directory failed on users that changed; it is asked again after the repair interval.")]
    private partial void LookupFailed(Exception exception);
}
