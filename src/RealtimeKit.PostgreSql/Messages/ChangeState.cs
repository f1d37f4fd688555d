using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>What a batch has locked and read, and how far its changes have been decided: each is decided on what those before it left.</summary>
internal sealed class ChangeState
{
    private readonly Dictionary<string, ChannelState> _channels = new(StringComparer.Ordinal);

    public IEnumerable<ChannelState> Channels => _channels.Values;

    public void Add(ChannelState channel) => _channels.Add(channel.Name, channel);

    public ChannelState? FindChannel(string name) => _channels.GetValueOrDefault(name);
}

/// <summary>One locked channel.</summary>
internal sealed class ChannelState(string name, long id, long version, long sequence, string epoch)
{
    private readonly Dictionary<long, MessageState> _messages = [];
    private readonly Dictionary<Guid, MessageState> _byId = [];
    private readonly Dictionary<string, long> _sent = new(StringComparer.Ordinal);

    public string Name => name;

    public long Id => id;

    public string Epoch => epoch;

    public long Version { get; set; } = version;

    public long Sequence { get; private set; } = sequence;

    /// <summary>The time of the batch's last change to it; <see langword="null"/> where it has none.</summary>
    public DateTimeOffset? Changed { get; set; }

    public ReactionLedger Reactions { get; } = new();

    /// <summary>Those that were read, and the new ones.</summary>
    public IEnumerable<MessageState> Messages => _messages.Values;

    /// <summary>Adds a message that was read, perhaps for a second reason, or a new one.</summary>
    public void Add(MessageState message)
    {
        if (!_messages.TryAdd(message.Message.Sequence, message)) return;
        _byId.Add(message.Message.Id.Value, message);
        Sequence = Math.Max(Sequence, message.Message.Sequence);
    }

    /// <summary>Adds how many messages a sender of the batch has posted in the channel.</summary>
    public void AddSent(string sender, long count) => _sent.Add(sender, count);

    /// <summary>The sender's number for one more message.</summary>
    public long TakeOwn(string sender) => _sent[sender]++;

    public MessageState? Find(long messageSequence) => _messages.GetValueOrDefault(messageSequence);

    public MessageState? Find(MessageId messageId) => _byId.GetValueOrDefault(messageId.Value);
}

/// <summary>One message.</summary>
/// <param name="message">As it now is.</param>
/// <param name="digest">Its digest.</param>
/// <param name="stored">As it is in the database; <see langword="null"/> for a new one.</param>
internal sealed class MessageState(Message message, Guid digest, Message? stored)
{
    public Message Message { get; set; } = message;

    public Guid Digest => digest;

    public Message? Stored => stored;

    /// <summary>For a new one, how many its sender had posted in the channel before.</summary>
    public long Own { get; init; }
}
