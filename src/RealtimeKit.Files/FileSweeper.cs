using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>
/// Removes what is due: uploads that did not finish, files that no message took, and those whose message, attachment or channel is gone. Several
/// nodes may do it at once, and what one leaves when it ends, another or the next start finds.
/// </summary>
internal sealed class FileSweeper(
    IFileRecords records, Uploads uploads, IOptions<RealtimeFileOptions> options, TimeProvider time, FileLog log) : BackgroundService
{
    private const int PageSize = 200;

    /// <summary>Removes all that is due now.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredFile> page = [];
        do
        {
            page = await records.ListDueAsync(uploads.Now, page.Count == 0 ? null : page[^1].Id, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (var file in page)
            {
                // Decided anew in the transaction: a message may have taken it meanwhile.
                if (file.State is FileState.Uploading or FileState.Finished
                    && (await records.ApplyAsync(new DiscardFile(file.Id, uploads.Now) { OnlyIfDue = true }, cancellationToken).ConfigureAwait(false)).Outcome == FileOutcome.Unchanged)
                    continue;
                await uploads.RemoveAsync(file.Id, cancellationToken).ConfigureAwait(false);
            }
        }
        while (page.Count == PageSize);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(stoppingToken).ConfigureAwait(false);
                    failing = false;
                }
                catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    // Whatever it was, the next round tries again; one entry says so.
                    if (!failing) log.SweepFailed(exception);
                    failing = true;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }
}
