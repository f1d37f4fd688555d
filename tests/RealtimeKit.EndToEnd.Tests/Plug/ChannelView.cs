using RealtimeKit.Client;
using RealtimeKit.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>A channel as one client's reader saw it: which messages came as new, in which order, and how each is now.</summary>
internal sealed class ChannelView(RealtimeChannel channel)
{
    private readonly Lock _gate = new();
    private readonly List<Message> _posted = [];
    private readonly Dictionary<long, Message> _present = [];

    public string Channel => channel.Id;

    /// <summary>How far it has read.</summary>
    public long Version => channel.Cursor?.Version ?? 0;

    /// <summary>The messages that came as new, as they came.</summary>
    public IReadOnlyList<Message> Posted
    {
        get
        {
            lock (_gate) return [.. _posted];
        }
    }

    /// <summary>The messages as they now are, by sequence.</summary>
    public IReadOnlyDictionary<long, Message> Present
    {
        get
        {
            lock (_gate) return new Dictionary<long, Message>(_present);
        }
    }

    /// <summary>What came that has no place in this test, such as the end of the subscription.</summary>
    public string? Surprise { get; private set; }

    /// <summary>Any message that was seen.</summary>
    public Message? Any(Random random)
    {
        lock (_gate) return _posted.Count == 0 ? null : _posted[random.Next(_posted.Count)];
    }

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var update in channel.ReadAsync(cancellationToken)) Apply(update);
            if (!cancellationToken.IsCancellationRequested) Surprise ??= "the stream ended";
        }
        catch (OperationCanceledException)
        {
        }
        catch (RealtimeException e)
        {
            Surprise ??= e.Message;
        }
    }

    private void Apply(ChannelUpdate update)
    {
        lock (_gate)
        {
            switch (update)
            {
                case MessagePosted { Message: var message }:
                    _posted.Add(message);
                    _present[message.Sequence] = message;
                    break;
                case MessageUpdated { Message: var message }:
                    _present[message.Sequence] = message;
                    break;
                case ReactionsUpdated change when _present.TryGetValue(change.Sequence, out var message):
                    _present[change.Sequence] = message with { Reactions = change.Reactions, Version = change.Version };
                    break;
                case ReactionsUpdated or ChannelReset or ChannelRevoked:
                    Surprise ??= $"{update}";
                    break;
            }
        }
    }
}
