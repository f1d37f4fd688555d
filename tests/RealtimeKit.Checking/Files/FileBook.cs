using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace RealtimeKit.Checking.Files;

/// <summary>What was uploaded, as those know who did it. Safe for concurrent use.</summary>
internal sealed class FileBook
{
    private readonly ConcurrentDictionary<string, FileNote> _notes = new();

    public IEnumerable<FileNote> All => _notes.Values;

    public FileNote Begin(string id, string channel, string owner, byte[] bytes) =>
        _notes[id] = new FileNote(id, channel, owner, Convert.ToHexString(SHA256.HashData(bytes)));

    public FileNote? Find(string id) => _notes.GetValueOrDefault(id);
}

/// <summary>An upload.</summary>
internal sealed class FileNote(string id, string channel, string owner, string digest)
{
    private int _sent;

    public string Id => id;

    public string Channel => channel;

    public string Owner => owner;

    /// <summary>Whether all of its bytes were handed over, whatever the answer was.</summary>
    public bool IsSent => Volatile.Read(ref _sent) == 1;

    public void Sent() => Volatile.Write(ref _sent, 1);

    public bool IsSame(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes)) == digest;
}
