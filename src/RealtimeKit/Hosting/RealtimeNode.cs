using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>One node of the application: its sessions, its channels, and the parts that serve them.</summary>
internal sealed class RealtimeNode : IConnectionHandler, IBrokerReceiver, IDisposable
{
    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly Guid _node;
    private readonly LostPublishes _lostPublishes;
    private int _lostConnections;
    private long _now;
    private volatile bool _stopping;

    public RealtimeNode(
        IServiceProvider services, IOptions<RealtimeOptions> options, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters,
        IAuthenticator authenticator, IChannelAuthorizer authorizer, IEnumerable<IMessageInterceptor> interceptors,
        IEnumerable<IMessageObserver> observers)
    {
        Options = options.Value;
        Time = time;
        Store = services.GetService<IMessageStore>() ?? throw NoStore();
        Directory = services.GetService<IChannelStore>() ?? throw NoStore();
        Broker = services.GetService<IMessageBroker>();
        Metrics = new RealtimeMetrics(meters, time);
        Log = new SessionLog(loggers.CreateLogger("RealtimeKit.Sessions"));
        Outages = new StoreOutages(time, loggers.CreateLogger<StoreOutages>());
        Authorizer = authorizer;
        SignIns = new SignIns(authenticator, Options, Log);
        LocalChannels = new LocalChannels(Options, Store, Broker);
        CatchUps = new CatchUpReader(Store, Metrics, Outages, time, loggers.CreateLogger<CatchUpReader>());
        Distributor = new Distributor(LocalChannels, Broker);
        Repair = new Repair(LocalChannels, Store, Broker is not null, Metrics, Options, time, loggers.CreateLogger<Repair>());
        _lostPublishes = new LostPublishes(Store, Distributor, time, loggers.CreateLogger<LostPublishes>());
        Presence = new PresenceTeller(Options, LocalChannels, Distributor, time, loggers.CreateLogger<PresenceTeller>());
        AccessReview = new AccessReview(this, loggers.CreateLogger<AccessReview>());
        Link = Broker is null ? null : new NodeLink(this, loggers.CreateLogger<NodeLink>());
        Observers = new MessageObservers(observers, loggers.CreateLogger<MessageObservers>());
        Appends = new AppendQueue(Store, Distributor, Repair, Observers, Metrics, Outages, Options, loggers.CreateLogger<AppendQueue>());
        Publisher = new Publisher(this, [.. interceptors]);
        Requests = new RequestDispatcher(this);
        Users = new UserSessions(Options);
        Memberships = new Memberships(this);
        _node = Distributor.NodeId;
        Metrics.Watch(this);
        Tick();
    }

    public RealtimeOptions Options { get; }

    public TimeProvider Time { get; }

    public IMessageStore Store { get; }

    public IChannelStore Directory { get; }

    public IMessageBroker? Broker { get; }

    public IChannelAuthorizer Authorizer { get; }

    public SignIns SignIns { get; }

    public LocalChannels LocalChannels { get; }

    public CatchUpReader CatchUps { get; }

    public Distributor Distributor { get; }

    public Repair Repair { get; }

    public PresenceTeller Presence { get; }

    public AccessReview AccessReview { get; }

    /// <summary>The other nodes; null where there is no broker.</summary>
    public NodeLink? Link { get; }

    public MessageObservers Observers { get; }

    public AppendQueue Appends { get; }

    public Publisher Publisher { get; }

    /// <summary>The order in which sessions write.</summary>
    public WriteTurns WriteTurns { get; } = new();

    public RequestDispatcher Requests { get; }

    public UserSessions Users { get; }

    public Memberships Memberships { get; }

    public SessionLog Log { get; }

    public StoreOutages Outages { get; }

    public RealtimeMetrics Metrics { get; }

    public ICollection<Session> Sessions => _sessions.Values;

    public bool IsAccepting => !_stopping;

    /// <summary>How many of the broker's connections are lost at present.</summary>
    public int LostBrokerConnections => Volatile.Read(ref _lostConnections);

    /// <summary>A coarse clock in milliseconds, advanced by the heartbeat, so that reading it costs nothing.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>Rises with every change of who may do what; a reader of the store compares it before and after.</summary>
    public long AccessVersion => Interlocked.Read(ref _accessVersion);

    private long _accessVersion;

    /// <summary>The present time in whole milliseconds, as messages and channels bear it.</summary>
    public DateTimeOffset Timestamp
    {
        get
        {
            var now = Time.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        }
    }

    public void Tick() => Volatile.Write(ref _now, Math.Max(1, (long)Time.GetElapsedTime(0, Time.GetTimestamp()).TotalMilliseconds));

    public void StopAccepting() => _stopping = true;

    public void Dispose()
    {
        Presence.Dispose();
        _lostPublishes.Dispose();
        Link?.Dispose();
    }

    public Task HandleAsync(ITransportConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var session = new Session(this, connection, Guid.NewGuid().ToString("N"));
        _sessions[session.Id] = session;
        if (_stopping) session.Close(CloseCode.GoingAway, "The node is going away.");
        return session.RunAsync(cancellationToken);
    }

    public void Remove(Session session)
    {
        _sessions.TryRemove(session.Id, out _);
        if (session.IsSignedIn) Users.Remove(session);
    }

    /// <summary>Takes a session's subscription out of its channel.</summary>
    public void Detach(Subscription subscription)
    {
        var channel = subscription.Channel;
        subscription.Session.Output.End(subscription);
        channel.Remove(subscription);
        Presence.NoteOwn(channel, channel.Presence.Depart(subscription));
        LocalChannels.Release(channel);
    }

    /// <summary>Notes that a session fell idle, or woke, and tells the channels where that changes its user's status.</summary>
    public void SetAway(Session session, bool away)
    {
        session.IsAway = away;
        foreach (var subscription in session.Channels.List())
            Presence.NoteOwn(subscription.Channel, subscription.Channel.Presence.Review(subscription));
    }

    /// <summary>A user, or with null everybody, stands to a channel otherwise than before: here and on the other nodes.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user, or null.</param>
    /// <param name="reason">The reason to give where a subscription ends by it, else null.</param>
    public void AccessChanged(string channel, string? user, string? reason)
    {
        ApplyAccessChange(channel, user, reason);
        Link?.AccessChanged(channel, user, reason ?? "");
    }

    /// <summary>A user stands to a channel as was wanted: whoever knows otherwise, here or on another node, asks the store.</summary>
    public void ConfirmAccess(string channel, string user, string reason)
    {
        ReviewAccess(channel, user, reason);
        Link?.AccessChanged(channel, user, reason);
    }

    /// <summary>What was changed, if anything, is not known: all nodes ask the store about everybody who is subscribed.</summary>
    public void DoubtAccess()
    {
        AccessReview.All();
        Link?.DoubtAccess();
    }

    void IBrokerReceiver.Receive(string channel, ReadOnlySpan<byte> payload)
    {
        if (!BrokerPayload.TryRead(payload, out var notice, out var node, out var version, out var user, out var trace, out var body) || node == _node) return;
        switch (notice)
        {
            case BrokerNotice.Event:
                Distributor.Deliver(channel, user, version, body, trace);
                break;
            case BrokerNotice.Signal:
                Distributor.Relay(channel, user, body, SignalReach.All);
                break;
            case BrokerNotice.OwnSignal:
                Distributor.Relay(channel, user, body, SignalReach.Own);
                break;
            case BrokerNotice.Head:
                LocalChannels.Find(channel)?.Observe(user, version);
                break;
            default:
                Link?.Receive(channel, notice, node, version, user, body);
                break;
        }
    }

    void IBrokerReceiver.ConnectionLost()
    {
        lock (_lostPublishes) _lostPublishes.Hold(++_lostConnections > 0);
    }

    void IBrokerReceiver.ConnectionRegained()
    {
        lock (_lostPublishes) _lostPublishes.Hold((_lostConnections = Math.Max(0, _lostConnections - 1)) > 0);
        Repair.Now();
        Link?.Regained();
    }

    void IBrokerReceiver.PublishLost(string channel)
    {
        // What nodes say to each other they say again.
        if (channel != NodeLink.Channel) _lostPublishes.Add(channel);
    }

    /// <summary>Forgets how everybody stands to the channels; the store is asked when it matters.</summary>
    public void ForgetAccess()
    {
        Interlocked.Increment(ref _accessVersion);
        foreach (var session in Sessions) session.Channels.ForgetAll();
    }

    /// <summary>Another node says that a user, or everybody, stands to a channel otherwise than before; the store knows.</summary>
    public void ReviewAccess(string channel, string? user, string? reason)
    {
        ApplyAccessChange(channel, user, null);
        if (reason is null) return;
        if (user is null) Repair.Now();
        else AccessReview.One(channel, user, reason);
    }

    private void ApplyAccessChange(string channel, string? user, string? reason)
    {
        Interlocked.Increment(ref _accessVersion);
        foreach (var session in user is null ? (IEnumerable<Session>)Sessions : Users.Of(user))
        {
            session.Channels.Forget(channel);
            if (reason is not null && session.Channels.FindSubscription(channel) is { } subscription) session.Revoke(subscription, reason);
        }
    }

    private static InvalidOperationException NoStore() => new(
        "Real-time messaging needs a store, and none was chosen. Add one to AddRealtimeMessaging(): UseSqliteStore(...) from the package "
        + "RealtimeKit.Sqlite, or UseInMemoryStore() from RealtimeKit.InMemory for tests and demos.");
}
