using System.Collections.Concurrent;
using System.Text;

namespace RealtimeKit.PostgreSql.Broker;

/// <summary>The channels that this node wants. Outlives every connection. Safe for concurrent use.</summary>
internal sealed class WantedChannels
{
    private readonly ConcurrentDictionary<string, string> _channels = new(StringComparer.Ordinal);

    public void Add(string channel) => _channels.TryAdd(channel, channel);

    public void Remove(string channel) => _channels.TryRemove(channel, out _);

    /// <summary>Gives the wanted channel of this name in UTF-8, if it is wanted.</summary>
    public string? Find(ReadOnlySpan<byte> name)
    {
        Span<char> characters = name.Length <= 512 ? stackalloc char[512] : new char[name.Length];
        var length = Encoding.UTF8.GetChars(name, characters);
        return _channels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(characters[..length], out var channel) ? channel : null;
    }
}
