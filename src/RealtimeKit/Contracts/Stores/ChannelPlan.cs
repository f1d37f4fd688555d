using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>One channel of an <see cref="AppendPlan"/>: what the store has loaded of it, and after the decision what is to be written.</summary>
/// <param name="name">Its name.</param>
/// <param name="id">A number of the store's own for it, or 0.</param>
/// <param name="epoch">Its epoch.</param>
/// <param name="version">Its version.</param>
/// <param name="sequence">Its sequence.</param>
/// <param name="revision">Its revision.</param>
public sealed class ChannelPlan(string name, long id, string epoch, long version, long sequence, long revision)
{
    private readonly List<MessagePlan> _messages = [];
    private readonly Dictionary<long, MessagePlan> _bySequence = [];
    private readonly Dictionary<Guid, MessagePlan> _byId = [];
    private ReactionPlan? _reactions;
    private Dictionary<string, DateTimeOffset>? _lastPosts;
    private HashSet<string>? _paced;
    private List<ChannelAction>? _actions;
    private Dictionary<string, TimeSpan>? _waits;
    private Dictionary<string, FilePlan>? _files;

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>The store's own number for it.</summary>
    public long Id { get; } = id;

    /// <summary>Its epoch.</summary>
    public string Epoch { get; } = epoch;

    /// <summary>Its revision: a batch changes no rights.</summary>
    public long Revision { get; } = revision;

    /// <summary>Its version, after the changes that were decided.</summary>
    public long Version { get; private set; } = version;

    /// <summary>Its sequence, after the changes that were decided.</summary>
    public long Sequence { get; private set; } = sequence;

    /// <summary>The time of the batch's last change to it; <see langword="null"/> where it has none.</summary>
    public DateTimeOffset? Changed { get; private set; }

    /// <summary>The messages that were added or posted, in that order. Those that changed are to be written.</summary>
    public IReadOnlyList<MessagePlan> Messages => _messages;

    /// <summary>Who gave which reaction, as far as the batch asks for it, and what is to be written of that.</summary>
    public ReactionPlan Reactions => _reactions ??= new ReactionPlan();

    /// <summary>Whether <see cref="Reactions"/> were asked for at all.</summary>
    public bool HasReactions => _reactions is not null;

    /// <summary>The actions to be kept, in their order.</summary>
    public IReadOnlyList<ChannelAction> Actions => _actions ?? [];

    /// <summary>The users whose last posts are to be written, each with the time, because a post of the batch has a <see cref="PostChange.Pause"/>.</summary>
    public IEnumerable<(string User, DateTimeOffset Time)> LastPosts => _paced?.Select(user => (user, _lastPosts![user])) ?? [];

    /// <summary>The records of files that are to be written: their message, state and due time.</summary>
    public IEnumerable<StoredFile> Files => _files?.Values.Where(static file => file.IsChanged).Select(static file => file.File) ?? [];

    /// <summary>Adds the record of a file of this channel; once more is harmless.</summary>
    public void AddFile(StoredFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        (_files ??= new Dictionary<string, FilePlan>(StringComparer.Ordinal)).TryAdd(file.Id, new FilePlan(file));
    }

    /// <summary>Adds when a user posted last, as far as the store knows. To be added for the sender of each post with a <see cref="PostChange.Pause"/>.</summary>
    public void AddLastPost(string user, DateTimeOffset time) => (_lastPosts ??= new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal))[user] = time;

    /// <summary>
    /// How many of its messages are pinned, as far as the decided changes have left them. To be set, where the batch pins a message of it, to
    /// what the store has.
    /// </summary>
    public int Pinned { get; set; }

    /// <summary>Adds a message that the store has; once more is harmless.</summary>
    /// <param name="message">The message as it is stored, with its reactions.</param>
    /// <param name="digest">The digest kept with it.</param>
    public void Add(Message message, ReadOnlyMemory<byte> digest)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!_bySequence.ContainsKey(message.Sequence)) Add(new MessagePlan(message, digest, message));
    }

    /// <summary>Finds a message that was added or posted.</summary>
    public MessagePlan? Find(long sequence) => _bySequence.GetValueOrDefault(sequence);

    /// <summary>Finds a message that was added or posted.</summary>
    public MessagePlan? Find(MessageId id) => _byId.GetValueOrDefault(id.Value);

    /// <summary>How long a user of whom a post of the batch came too soon has to wait: later ones of the batch do not pass it.</summary>
    internal TimeSpan? FindWait(string user) => _waits?.TryGetValue(user, out var wait) == true ? wait : null;

    internal void NoteWait(string user, TimeSpan wait) => (_waits ??= new Dictionary<string, TimeSpan>(StringComparer.Ordinal)).Add(user, wait);

    /// <summary>Whether a message may have these files: each is the message's already, or its sender may give it.</summary>
    internal bool MayTake(IReadOnlyList<string> files, string sender, DateTimeOffset time, long message = 0)
    {
        foreach (var id in files)
        {
            var file = _files?.GetValueOrDefault(id)?.File;
            if (!(file?.State == FileState.Finished && file.Message == message) && !FileRules.MayTake(file, sender, time)) return false;
        }

        return true;
    }

    /// <summary>The message has these files from now on; those that it had beside them are discarded.</summary>
    internal void Hold(long message, IReadOnlyList<string> files, DateTimeOffset time)
    {
        if (_files is null) return;
        foreach (var plan in _files.Values)
        {
            if (plan.File.Message == message && plan.File.State == FileState.Finished && !files.Contains(plan.File.Id))
                plan.Change(plan.File with { State = FileState.Discarded, Due = time });
        }

        foreach (var id in files)
        {
            if (_files[id] is { File.Message: null } plan) plan.Change(plan.File with { Message = message, Due = null });
        }
    }

    internal void Keep(ChannelAction action) => (_actions ??= []).Add(action);

    internal DateTimeOffset? FindLastPost(string user) => _lastPosts?.TryGetValue(user, out var time) == true ? time : null;

    internal void NotePost(string user, DateTimeOffset time)
    {
        AddLastPost(user, time);
        (_paced ??= new HashSet<string>(StringComparer.Ordinal)).Add(user);
    }

    internal void Post(Message message, ReadOnlyMemory<byte> digest)
    {
        Add(new MessagePlan(message, digest, stored: null));
        Sequence = message.Sequence;
        Advance(message, message.Time);
    }

    internal void Change(MessagePlan plan, Message message, DateTimeOffset time)
    {
        if (message.PinnedAt is null != plan.Message.PinnedAt is null) Pinned += message.PinnedAt is null ? -1 : 1;
        plan.Message = message;
        Advance(message, time);
    }

    private void Add(MessagePlan message)
    {
        _messages.Add(message);
        _bySequence.Add(message.Message.Sequence, message);
        _byId.Add(message.Message.Id.Value, message);
    }

    private void Advance(Message message, DateTimeOffset time) => (Version, Changed) = (message.Version, time);
}

/// <summary>One message of an <see cref="AppendPlan"/>.</summary>
public sealed class MessagePlan
{
    internal MessagePlan(Message message, ReadOnlyMemory<byte> digest, Message? stored) => (Message, Digest, Stored) = (message, digest, stored);

    /// <summary>The message as the batch leaves it.</summary>
    public Message Message { get; internal set; }

    /// <summary>The message as it was stored before; <see langword="null"/> for a new one.</summary>
    public Message? Stored { get; }

    /// <summary>The digest kept with it.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    /// <summary>Whether the batch posted it, or changed anything of it.</summary>
    public bool IsChanged => Stored is null || Stored.Version != Message.Version;

    /// <summary>Whether more than its reactions changed. A store that keeps these apart need not write a long content again.</summary>
    public bool IsRewritten => Stored is null || !ReferenceEquals(Stored.Content, Message.Content)
        || Stored.EditedAt != Message.EditedAt || Stored.DeletedAt != Message.DeletedAt || Stored.PinnedAt != Message.PinnedAt;
}

/// <summary>The record of one file of an <see cref="AppendPlan"/>.</summary>
internal sealed class FilePlan(StoredFile file)
{
    /// <summary>The record as the batch leaves it.</summary>
    public StoredFile File { get; private set; } = file;

    /// <summary>Whether the batch changed it.</summary>
    public bool IsChanged { get; private set; }

    public void Change(StoredFile changed) => (File, IsChanged) = (changed, true);
}
