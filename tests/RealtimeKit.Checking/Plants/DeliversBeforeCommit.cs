using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RealtimeKit.Brokers;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>Tells the other nodes of a post before it is committed, which it may never be.</summary>
internal sealed class DeliversBeforeCommit(IMessageStore inner, Func<IMessageBroker?> broker) : StoreDouble(inner)
{
    // A notice of a committed change; see BrokerPayload in the core.
    private const byte Event = 1;
    private readonly Numbers _numbers = new();
    private readonly byte[] _node = Guid.NewGuid().ToByteArray();

    public override async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        foreach (var post in changes.OfType<PostChange>().Where(post => post is { OnlyIfKnown: false, ReplyTo: null }))
            if (_numbers.Take(post.Channel) is { } next) broker()?.Publish(post.Channel, Notice(post, next.Sequence, next.Version));
        var results = await Inner.AppendAsync(changes, cancellationToken);
        _numbers.Learn(results);
        return results;
    }

    private byte[] Notice(PostChange post, long sequence, long version)
    {
        var message = new Dictionary<string, object?>
        {
            ["id"] = post.Id.ToString(), ["channel"] = post.Channel, ["sequence"] = sequence, ["version"] = version, ["sender"] = post.Sender,
            ["time"] = post.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), ["text"] = post.Content.Text,
        };
        var frame = JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["type"] = "event", ["channel"] = post.Channel, ["version"] = version, ["kind"] = "posted", ["message"] = message,
        }) + "\n";
        var head = new byte[26];
        head[0] = Event;
        _node.CopyTo(head, 1);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(17), version);
        return [.. head, .. Encoding.UTF8.GetBytes(frame)];
    }
}
