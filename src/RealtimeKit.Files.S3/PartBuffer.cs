namespace RealtimeKit.Files.S3;

/// <summary>Bytes that are not a part yet. It grows with them, so that a small file takes little memory. Not safe for concurrent use.</summary>
internal sealed class PartBuffer
{
    private const int Least = 4 * 1_024;

    private byte[] _bytes = [];

    public int Length { get; set; }

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>Appends a stream to its end.</summary>
    public async Task ReadAsync(Stream content, int length, CancellationToken cancellationToken)
    {
        Reserve(length);
        await content.ReadExactlyAsync(_bytes.AsMemory(Length, length), cancellationToken).ConfigureAwait(false);
        Length += length;
    }

    private void Reserve(int more)
    {
        if (Length + more > _bytes.Length) Array.Resize(ref _bytes, Math.Max(Length + more, Math.Max(Least, _bytes.Length * 2)));
    }
}
