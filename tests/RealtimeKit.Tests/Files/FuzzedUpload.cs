using FluentAssertions;

namespace RealtimeKit.Tests.Files;

/// <summary>What is known of an upload by the answers that the server gave. Not safe for concurrent use.</summary>
internal sealed class FuzzedUpload(string id, string owner, int size)
{
    private readonly byte[] _content = new byte[size];
    private readonly List<(int From, int To, byte[] Other)> _others = [];
    private readonly List<(int Offset, byte[] Bytes)> _unanswered = [];

    public string Id => id;

    public string Owner => owner;

    public int Size => size;

    public int Length { get; private set; }

    public bool IsFinished => Length == size;

    public bool IsDeleted { get; set; }

    public long? Message { get; set; }

    public bool HasUnanswered => _unanswered.Count > 0;

    /// <summary>Bytes were sent whose answer did not come: any part of them may be kept, now or a little later.</summary>
    public void Sent(int offset, byte[] bytes) => _unanswered.Add((offset, bytes));

    /// <summary>The server has acknowledged bytes.</summary>
    public void Acknowledged(int offset, byte[] bytes)
    {
        offset.Should().Be(Length, "only at the end is appended");
        bytes.CopyTo(_content, offset);
        Length += bytes.Length;
    }

    /// <summary>The server says how many bytes it has.</summary>
    public void Learned(int length)
    {
        length.Should().BeInRange(Length, size, "nothing acknowledged is lost, and nothing is kept beyond the length");
        if (length == Length) return;
        var sent = _unanswered.Where(one => one.Offset == Length && one.Offset + one.Bytes.Length >= length).ToList();
        sent.Should().NotBeEmpty("the server has {0} bytes after {1}, which nobody sent there", length - Length, Length);
        sent[0].Bytes.AsSpan(0, length - Length).CopyTo(_content.AsSpan(Length));
        foreach (var (_, bytes) in sent.Skip(1)) _others.Add((Length, length, bytes[..(length - Length)]));
        Length = length;
    }

    /// <summary>A download has these bytes.</summary>
    public void AssertContent(byte[] found)
    {
        found.Should().HaveCount(size);
        foreach (var (from, to, other) in _others.Where(one => found.AsSpan(one.From, one.To - one.From).SequenceEqual(one.Other))) other.CopyTo(_content, from);
        found.AsSpan().SequenceEqual(_content).Should().BeTrue("file {0} is what was acknowledged", id);
    }
}
