using Microsoft.Extensions.Logging;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>
/// Reads pages from the store for readers who are not served by a tail: first paint, resuming, a hole, a slow reader. One
/// page for a reader at a time, and it is written before the next is read, so that a slow reader holds one at most.
/// </summary>
internal sealed partial class CatchUpReader(IMessageStore store, RealtimeMetrics metrics, StoreOutages outages, TimeProvider time, ILogger<CatchUpReader> logger)
{
    private static readonly PageLimit Limit = new(ProtocolConstants.MaxPageSize, Bytes: 256 * 1_024);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Bounds how many pages are decoded at once, whatever the number of readers.
    private readonly SemaphoreSlim _turns = new(8, 8);

    public void Start(Subscription subscription) => ThreadPool.UnsafeQueueUserWorkItem(
        static state => _ = state.Reader.ReadAsync(state.Subscription), (Reader: this, Subscription: subscription), preferLocal: false);

    private async Task ReadAsync(Subscription subscription)
    {
        var pause = FirstPause;
        while (!subscription.Ended)
        {
            try
            {
                var page = await ReadPageAsync(subscription).ConfigureAwait(false);
                metrics.CaughtUp();
                if (page is null) subscription.Revoke("deleted");
                else subscription.Output.Deliver(subscription, page);
                return;
            }
            catch (StoreUnavailableException exception)
            {
                outages.Note(exception);
            }
            catch (Exception exception)
            {
                CatchUpFailed(exception, subscription.Channel.Name);
                subscription.Output.Close(CloseCode.Internal, "The history could not be read.");
                return;
            }

            await Task.Delay(pause, time).ConfigureAwait(false);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    private async Task<CatchUpPage?> ReadPageAsync(Subscription subscription)
    {
        await _turns.WaitAsync().ConfigureAwait(false);
        try
        {
            var wanted = subscription.CatchUp!;
            var channel = subscription.Channel.Name;
            var known = subscription.Channel.Head;
            var page = wanted.FromSequence > 0
                ? await store.ReadHistoryAsync(new HistoryQuery(channel, Limit, After: wanted.FromSequence - 1), default).ConfigureAwait(false)
                : await store.ReadChangesAsync(channel, wanted.After, Limit, default).ConfigureAwait(false);
            // Another epoch is another channel under the same name.
            if (page is null || page.Head.Epoch != subscription.Epoch) return null;
            // The reader would wait for ever for a head that the store does not have.
            if (page.Head.Version < known) subscription.Channel.GoBack(known, page.Head.Version);
            return wanted.FromSequence > 0 ? EncodeRecent(subscription, wanted, page) : EncodeChanges(subscription, wanted, page);
        }
        finally
        {
            _turns.Release();
        }
    }

    private static CatchUpPage EncodeChanges(Subscription subscription, CatchUp wanted, MessagePage page)
    {
        var frame = new FrameBuffer();
        var last = page.Messages.Count > 0 ? page.Messages[^1].Version : wanted.After;
        var version = page.More ? last : Math.Max(page.Head.Version, wanted.After);
        var written = ServerPages.Changes(frame, subscription.Channel.Name, page.Messages, version, ascendingVersions: true, page.More);
        if (written < page.Messages.Count) version = page.Messages[written - 1].Version;
        var more = page.More || written < page.Messages.Count;
        return new CatchUpPage(frame, version, more ? new CatchUp(version) : null);
    }

    // Every page has the version at which the first page was read, and later changes follow after it: a reader that is
    // disconnected in between misses nothing.
    private static CatchUpPage EncodeRecent(Subscription subscription, CatchUp wanted, MessagePage page)
    {
        var frame = new FrameBuffer();
        var first = wanted.After >= 0 ? wanted.After : page.Head.Version;
        var changedMeanwhile = page.Head.Version != first;
        var written = ServerPages.Changes(
            frame, subscription.Channel.Name, page.Messages, first, ascendingVersions: false, page.More || changedMeanwhile);
        var isLast = !page.More && written == page.Messages.Count;
        var next = !isLast ? new CatchUp(first, page.Messages[written - 1].Sequence + 1)
            : changedMeanwhile ? new CatchUp(first)
            : null;
        return new CatchUpPage(frame, first, next);
    }

    [LoggerMessage(11, LogLevel.Error, "Changes of channel {Channel} could not be read.")]
    private partial void CatchUpFailed(Exception exception, string channel);
}
