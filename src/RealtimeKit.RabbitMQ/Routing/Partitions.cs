using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace RealtimeKit.RabbitMQ.Routing;

/// <summary>
/// Spreads the channels over a fixed number of routing keys. All nodes must find the same one, whatever their version and
/// machine: FNV-1a, 32 bits, over the name in UTF-8, modulo the number of partitions, in decimal digits.
/// </summary>
internal sealed class Partitions(int count)
{
    private const uint Basis = 2166136261;
    private const uint Prime = 16777619;

    private readonly CachedString[] _keys =
        [.. Enumerable.Range(0, count).Select(partition => new CachedString(partition.ToString(CultureInfo.InvariantCulture)))];

    public int Count => count;

    public CachedString Key(int partition) => _keys[partition];

    public int Of(string channel) => Of(Encoding.UTF8.GetBytes(channel));

    public int Of(ReadOnlySpan<byte> name)
    {
        var hash = Basis;
        foreach (var one in name) hash = (hash ^ one) * Prime;
        return (int)(hash % (uint)count);
    }
}
