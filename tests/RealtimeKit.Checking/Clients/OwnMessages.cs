namespace RealtimeKit.Checking.Clients;

/// <summary>Where a client's own messages stand, so that it can come back to an older one. Safe for concurrent use.</summary>
internal sealed class OwnMessages
{
    private readonly Dictionary<string, List<long>> _sequences = [];

    public void Add(string channel, long sequence)
    {
        lock (_sequences)
        {
            if (!_sequences.TryGetValue(channel, out var list)) _sequences[channel] = list = [];
            list.Add(sequence);
        }
    }

    public long? Pick(string channel, Random random)
    {
        lock (_sequences) return _sequences.TryGetValue(channel, out var list) ? list[random.Next(list.Count)] : null;
    }
}
