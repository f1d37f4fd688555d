using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>
/// Reads from the store, once for all readers of a channel, the changes up to a version that another node has published. One reading for
/// a channel at a time, and a later one for all that came meanwhile. Safe for concurrent use.
/// </summary>
internal sealed partial class HeadReader(IMessageStore store, ILogger<HeadReader> logger)
{
    private const int AtOnce = 4;

    // More than this the readers read for themselves, each as it takes it.
    private static readonly PageLimit Limit = new(ProtocolConstants.MaxPageSize, Bytes: 128 * 1_024);

    private readonly Lock _gate = new();
    private readonly Queue<LocalChannel> _due = new();

    // The version to be reached in each channel that waits or is being read.
    private readonly Dictionary<LocalChannel, long> _wanted = [];
    private int _running;

    /// <summary>Reads up to a version; returns at once.</summary>
    public void Read(LocalChannel channel, ChannelPosition position)
    {
        if (position.Epoch != channel.Epoch)
        {
            // Not begun yet, or of another channel that had this name.
            channel.Observe(position);
            return;
        }

        var version = position.Version;
        if (version <= channel.Head) return;
        lock (_gate)
        {
            if (_wanted.TryGetValue(channel, out var wanted))
            {
                if (version > wanted) _wanted[channel] = version;
                return;
            }

            _wanted.Add(channel, version);
            _due.Enqueue(channel);
            if (_running == AtOnce) return;
            _running++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static reader => _ = reader.RunAsync(), this, preferLocal: false);
    }

    private async Task RunAsync()
    {
        while (Take() is { } next)
        {
            var reached = next.Wanted;
            try
            {
                reached = await ReadAsync(next.Channel, next.Wanted).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                if (exception is not StoreUnavailableException) HeadNotRead(exception, next.Channel.Name);
                // The readers read for themselves, and go on trying.
                next.Channel.Observe(new ChannelPosition(next.Channel.Epoch, next.Wanted));
            }

            Finish(next.Channel, reached);
        }
    }

    private (LocalChannel Channel, long Wanted)? Take()
    {
        lock (_gate)
        {
            if (_due.TryDequeue(out var channel)) return (channel, _wanted[channel]);
            _running--;
            return null;
        }
    }

    private void Finish(LocalChannel channel, long reached)
    {
        lock (_gate)
        {
            if (_wanted[channel] > Math.Max(reached, channel.Head)) _due.Enqueue(channel);
            else _wanted.Remove(channel);
        }
    }

    /// <summary>Brings the channel to what the store has.</summary>
    /// <returns>The version up to which nothing more is to be looked for.</returns>
    private async Task<long> ReadAsync(LocalChannel channel, long wanted)
    {
        var after = channel.Head;
        if (after >= wanted) return wanted;
        var page = await store.ReadChangesAsync(channel.Name, after, Limit, default).ConfigureAwait(false);
        // Deleted, or made again: the comparison with the store ends the subscriptions.
        if (page is null || page.Head.Epoch != channel.Epoch) return wanted;
        var version = page.Head.Version;
        for (var known = after; known < version; known = channel.Head)
        {
            var frame = page.More ? null : Encode(channel.Name, page.Messages, known, version);
            if (frame is null) channel.Observe(page.Head.Position);
            else if (channel.TryAppendRange(page.Head.Position, known, frame)) break;
        }

        // A version that the store does not have is not looked for again.
        return Math.Max(version, wanted);
    }

    private static byte[]? Encode(string channel, IReadOnlyList<Message> messages, long known, long version)
    {
        using var frame = new FrameBuffer();
        var newer = messages.Where(message => message.Version > known).ToList();
        return ServerPages.Changes(frame, channel, newer, version, ascendingVersions: true, more: false) == newer.Count ? frame.WrittenSpan.ToArray() : null;
    }

    [LoggerMessage(56, LogLevel.Error, "Changes of channel {Channel} that another node published could not be read; its readers read them one by one.")]
    private partial void HeadNotRead(Exception exception, string channel);
}
