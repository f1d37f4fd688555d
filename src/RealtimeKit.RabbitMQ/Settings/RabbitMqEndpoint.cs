namespace RealtimeKit.RabbitMQ;

/// <summary>One broker: the address of a server, or those of the nodes of one cluster, which are tried in turn.</summary>
public sealed class RabbitMqEndpoint
{
    /// <summary>Names a broker by its addresses.</summary>
    /// <param name="uris">
    /// One address, such as <c>amqps://user:password@host:5671/virtual-host</c>, or one for each node of the cluster. A text
    /// may hold several, separated by commas. Special characters of a user, password or virtual host are escaped
    /// (<c>%40</c> for <c>@</c>, <c>%2f</c> for <c>/</c>). Checked when the host starts.
    /// </param>
    public RabbitMqEndpoint(params string[] uris)
    {
        ArgumentNullException.ThrowIfNull(uris);
        Uris = [.. uris.SelectMany(Split)];
    }

    /// <summary>The addresses, in the order in which they are tried.</summary>
    public IReadOnlyList<string> Uris { get; }

    // A comma may stand in a password; one before another scheme separates.
    private static IEnumerable<string> Split(string uris)
    {
        var start = 0;
        for (var comma = uris.IndexOf(',', StringComparison.Ordinal); comma >= 0; comma = uris.IndexOf(',', comma + 1))
        {
            if (!uris.AsSpan(comma + 1).TrimStart().StartsWith("amqp", StringComparison.OrdinalIgnoreCase)) continue;
            yield return uris[start..comma].Trim();
            start = comma + 1;
        }

        yield return uris[start..].Trim();
    }
}
