using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>Files for the application's own code.</summary>
internal sealed class RealtimeFiles(
    Uploads uploads, IFileStore store, IOptions<RealtimeFileOptions> options, IOptions<RealtimeOptions> engine) : IRealtimeFiles
{
    private const int BufferBytes = 64 * 1_024;

    public async Task<StoredFile> UploadAsync(
        string channel, string name, Stream content, string? owner, string? type, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(content);
        if (!Identifiers.IsValid(channel)) throw new ArgumentException($"'{channel}' is no name of a channel.", nameof(channel));
        if (owner is not null && !UserNames.IsValid(owner)) throw new ArgumentException($"'{owner}' is no name of a user.", nameof(owner));
        if (type is not null && !MediaTypes.IsWellFormed(type)) throw new ArgumentException($"'{type}' is no media type.", nameof(type));
        var (outcome, file) = await uploads.BeginAsync(channel, owner ?? engine.Value.SystemUser, name, type, 0, null, cancellationToken).ConfigureAwait(false);
        if (outcome == AddFileOutcome.NoChannel) throw new ChannelNotFoundException(channel);
        try
        {
            await CopyAsync(content, file, cancellationToken).ConfigureAwait(false);
            return await uploads.FinishAsync(file, cancellationToken).ConfigureAwait(false) ?? throw new ChannelNotFoundException(channel);
        }
        catch
        {
            await uploads.DiscardAsync(new DiscardFile(file.Id, uploads.Now), CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    public async Task<StoredFile?> GetAsync(string id, CancellationToken cancellationToken) =>
        await uploads.FindAsync(id, cancellationToken).ConfigureAwait(false) is { State: FileState.Finished } file ? file : null;

    public async Task<Stream?> OpenAsync(string id, CancellationToken cancellationToken) =>
        await GetAsync(id, cancellationToken).ConfigureAwait(false) is null ? null : await store.OpenAsync(id, cancellationToken).ConfigureAwait(false);

    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) =>
        StoredFile.IsId(id)
        && await uploads.DiscardAsync(new DiscardFile(id, uploads.Now) { EvenIfTaken = true }, cancellationToken).ConfigureAwait(false) == FileOutcome.Changed;

    private async Task CopyAsync(Stream content, StoredFile file, CancellationToken cancellationToken)
    {
        var append = await store.AppendAsync(file.Id, 0, options.Value.MaxFileBytes, tentative: false, cancellationToken).ConfigureAwait(false);
        await using (append.ConfigureAwait(false))
        {
            var buffer = new byte[BufferBytes];
            var total = 0L;
            while (await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                total += read;
                if (total > options.Value.MaxFileBytes) throw new FileRefusedException($"A file may have at most {options.Value.MaxFileBytes} bytes.");
                await append.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            }

            await append.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
