using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>The records of files. Guarded by the store's lock.</summary>
internal sealed class FileShelf
{
    private readonly SortedDictionary<string, StoredFile> _files = new(StringComparer.Ordinal);

    // Of the messages that have taken any, so that an edit does not look through all files.
    private readonly Dictionary<(string Channel, long Sequence), List<string>> _ofMessages = [];

    public void Add(StoredFile file) => _files.Add(file.Id, file);

    public StoredFile? Find(string id) => _files.GetValueOrDefault(id);

    public (long Files, long Bytes) CountOf(string owner, DateTimeOffset since)
    {
        var (files, bytes) = (0L, 0L);
        foreach (var file in _files.Values)
        {
            if (file.Owner == owner && file.Created > since) (files, bytes) = (files + 1, bytes + file.Size);
        }

        return (files, bytes);
    }

    public FileResult Apply(FileChange change)
    {
        var result = FileRules.Decide(change, Find(change.Id));
        if (result.Outcome != FileOutcome.Changed) return result;
        if (result.File is { } file) _files[file.Id] = file;
        else _files.Remove(change.Id);
        return result;
    }

    public IReadOnlyList<StoredFile> ListDue(DateTimeOffset time, string? after, int limit) =>
        [.. _files.Values.Where(file => file.Due <= time && string.CompareOrdinal(file.Id, after) > 0).Take(limit)];

    /// <summary>Adds the records that a change is about.</summary>
    public void Load(ChannelPlan plan, MessageChange change)
    {
        foreach (var id in AppendPlan.FilesOf(change))
        {
            if (Find(id) is { } file && file.Channel == plan.Name) plan.AddFile(file);
        }

        if (change is not (EditChange or DeleteChange) || _ofMessages.Count == 0) return;
        foreach (var id in _ofMessages.GetValueOrDefault((plan.Name, AppendPlan.TargetOf(change)!.Value)) ?? [])
        {
            if (Find(id) is { } file) plan.AddFile(file);
        }
    }

    /// <summary>Keeps what was decided.</summary>
    public void Write(ChannelPlan plan)
    {
        foreach (var file in plan.Files)
        {
            _files[file.Id] = file;
            if (file.Message is not { } message) continue;
            if (!_ofMessages.TryGetValue((plan.Name, message), out var files)) _ofMessages.Add((plan.Name, message), files = []);
            if (file.State != FileState.Finished) files.Remove(file.Id);
            else if (!files.Contains(file.Id)) files.Add(file.Id);
            if (files.Count == 0) _ofMessages.Remove((plan.Name, message));
        }
    }

    /// <summary>A channel is gone: its files are due.</summary>
    public void NoteDeletion(string channel)
    {
        foreach (var file in _files.Values.Where(file => file.Channel == channel).ToList())
        {
            var isThere = file.State is FileState.Uploading or FileState.Finished;
            _files[file.Id] = file with { Channel = "", Due = isThere ? DateTimeOffset.UnixEpoch : file.Due };
        }

        foreach (var key in _ofMessages.Keys.Where(key => key.Channel == channel).ToList()) _ofMessages.Remove(key);
    }
}
