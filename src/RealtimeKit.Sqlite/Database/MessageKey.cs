namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// A channel and a number of its own (a sequence or a version) in one integer, so that it can be the row's key: 27 bits of
/// channel above 36 bits of number. That is room for 134 million channels with 68 thousand million changes each.
/// </summary>
internal static class MessageKey
{
    private const int NumberBits = 36;

    /// <summary>The highest number that a key can hold.</summary>
    public const long MaxNumber = (1L << NumberBits) - 1;

    public static long Of(long channel, long number) => (channel << NumberBits) | Math.Clamp(number, 0, MaxNumber);

    public static long Channel(long key) => key >> NumberBits;

    public static long Number(long key) => key & MaxNumber;
}
