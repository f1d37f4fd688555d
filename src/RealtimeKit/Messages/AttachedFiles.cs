using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Messages;

/// <summary>
/// The files that messages name in their attachments, where the host keeps files. Whether a message may have a file is decided in the append; this only
/// completes the attachments, by what of a finished file never changes.
/// </summary>
/// <param name="records">The records of files; <see langword="null"/> where the host keeps none, and then <c>file</c> is a field of the application's own.</param>
internal sealed class AttachedFiles(IFileRecords? records)
{
    /// <summary>Whether the host keeps files.</summary>
    public bool IsOn => records is not null;

    /// <summary>Reads which files a content names.</summary>
    /// <returns>What is wrong with its attachments; <see langword="null"/> for nothing.</returns>
    public string? Read(JsonValue? attachments, out IReadOnlyList<string> files)
    {
        files = [];
        return IsOn ? FileAttachments.Read(attachments, out files) : null;
    }

    /// <summary>As <see cref="Read"/>, of attachments that an interceptor or the application gave.</summary>
    /// <exception cref="ArgumentException">They are wrong.</exception>
    public IReadOnlyList<string> Require(JsonValue? attachments) => Read(attachments, out var files) is { } wrong ? throw new ArgumentException(wrong) : files;

    /// <summary>Gives attachments the names, types and sizes of the files that they name, as far as these are of a channel.</summary>
    public async ValueTask<JsonValue?> FillAsync(string channel, JsonValue? attachments, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        if (files.Count == 0 || records is null) return attachments;
        string[] ids = [.. files.Where(StoredFile.IsId)];
        if (ids.Length == 0) return attachments;
        var found = await records.FindFilesAsync(ids, cancellationToken).ConfigureAwait(false);
        var known = found.Where(file => file.Channel == channel && file.State == FileState.Finished).ToDictionary(static file => file.Id, StringComparer.Ordinal);
        return known.Count == 0 ? attachments : FileAttachments.Fill(attachments!, known);
    }

    /// <summary>As <see cref="FillAsync(string, JsonValue?, IReadOnlyList{string}, CancellationToken)"/>, for an edit.</summary>
    public async ValueTask<EditChange> FillAsync(EditChange change, CancellationToken cancellationToken)
    {
        if (!IsOn || !change.Edit.Attachments.Replaces) return change;
        var given = change.Edit.Attachments.Value;
        var files = Require(given);
        var filled = await FillAsync(change.Channel, given, files, cancellationToken).ConfigureAwait(false);
        return change with { Files = files, Edit = change.Edit with { Attachments = new(true, filled) } };
    }
}
