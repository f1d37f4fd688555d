using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RealtimeKit.Brokers;
using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Files;
using RealtimeKit.Inboxes;
using RealtimeKit.Messages;
using RealtimeKit.Nodes;
using RealtimeKit.Requests;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>One node of the application: makes the parts and connects them. Only hosting knows it; a part names what it uses.</summary>
internal sealed class RealtimeNode : IDisposable
{
    private readonly PresenceNotifier _presenceNotifier;
    private readonly LostPublishes _lostPublishes;
    private readonly RequestLimits _limits;
    private readonly NodeLoop? _loop;

    public RealtimeNode(
        IServiceProvider services, IOptions<RealtimeOptions> options, TimeProvider time, ILoggerFactory hostLoggers, IMeterFactory meters,
        IAuthenticator authenticator, IChannelAuthorizer authorizer, IEnumerable<IMessageInterceptor> interceptors,
        IEnumerable<IMessageObserver> observers, IEnumerable<IAuditSink> auditSinks)
    {
        Options = options.Value;
        Store = services.GetService<IMessageStore>() ?? throw NoStore();
        Channels = services.GetService<IChannelStore>() ?? throw NoStore();
        Inboxes = services.GetService<IInboxStore>();
        Broker = services.GetService<IMessageBroker>();
        Authorizer = authorizer;
        Attached = new AttachedFiles(services.GetService<IFileStore>() is null ? null : services.GetService<IFileRecords>() ?? throw NoRecords());
        Clock = new NodeClock(time);

        var loggers = new GuardedLoggers(hostLoggers);
        var listeners = new HostListeners(time, loggers.CreateLogger<HostListeners>());
        var metrics = new RealtimeMetrics(meters, time, listeners);
        var activities = new MessageActivities(listeners);
        var log = new SessionLog(loggers.CreateLogger("RealtimeKit.Sessions"));
        var outages = new StoreOutages(time, loggers.CreateLogger<StoreOutages>());

        var audit = new Audit(auditSinks, time, loggers.CreateLogger("RealtimeKit.Audit"));
        Audit = audit;
        var turns = new WriteTurns(time);
        var heard = new BrokerSubscriptions(Broker, loggers.CreateLogger<BrokerSubscriptions>());
        LocalChannels = new LocalChannels(Options, Store, heard, Broker is not null);
        var heads = Broker is { PrefersHeads: true } ? new HeadReader(Store, loggers.CreateLogger<HeadReader>()) : null;
        var distributor = new Distributor(LocalChannels, Broker, heads, activities);
        Distributor = distributor;
        NodeId = distributor.NodeId;
        var inboxes = new InboxIndex(heard, loggers.CreateLogger<InboxIndex>());
        distributor.Changed = inboxes.Mark;
        Repair = new Repair(LocalChannels, Store, Broker is not null, metrics, Options, time, loggers.CreateLogger<Repair>());
        _lostPublishes = new LostPublishes(Store, distributor, time, loggers.CreateLogger<LostPublishes>());
        _presenceNotifier = new PresenceNotifier(Options, LocalChannels, distributor, time, loggers.CreateLogger<PresenceNotifier>());
        var catchUps = new CatchUpReader(Store, metrics, outages, time, loggers.CreateLogger<CatchUpReader>());
        var subscriptions = new Subscriptions(LocalChannels, _presenceNotifier);

        Observers = new MessageObservers(observers, metrics, time, loggers.CreateLogger<MessageObservers>());
        Committer = new BatchCommitter(
            Store, distributor, Repair, Observers, activities, metrics, outages, time, loggers.CreateLogger<BatchCommitter>());
        Appends = new AppendQueue(Committer, activities, metrics, Options, loggers.CreateLogger<AppendQueue>());
        Admission = new Admission(turns, Appends);

        Sessions = new SessionRegistry();
        Users = new UserSessions(Options);
        var rights = new SessionAccess(Sessions, Users, LocalChannels);
        Monitor = new SessionMonitor(Sessions, Clock, Options, log);
        Drain = new Drain(Sessions, Options, time);

        AccessRecheck = new AccessRecheck(LocalChannels, Users, rights, Channels, authorizer, Clock, Options, time, loggers.CreateLogger<AccessRecheck>());
        Repair.RightsChanged = AccessRecheck.Readers;
        Access = new AccessNotices(rights, AccessRecheck, Repair, inboxes, distributor);
        Rows = new RowNotices(inboxes, distributor);
        Memberships = new Memberships(Channels, Access, Rows, distributor, Clock, audit);
        Settings = new SettingsUpdates(Channels, Access, distributor, audit);
        Blocks = new UserBlocks(Channels, Access, Rows);
        Presence = new PresenceReader(LocalChannels, Broker is not null, time);
        var profiles = new Profiles(services.GetService<IUserDirectory>(), loggers.CreateLogger<Profiles>());
        var watchers = new UserWatchers();
        UserUpdates = new UserUpdates(watchers, profiles, distributor, Options, time, loggers.CreateLogger<UserUpdates>());
        if (Broker is not null)
        {
            _loop = new NodeLoop(loggers.CreateLogger<NodeLoop>());
            OtherNodes = new OtherNodes();
            Calls = new NodeCalls(OtherNodes, Users, distributor, time);
            var remote = new RemotePresence(OtherNodes, _loop, LocalChannels, _presenceNotifier, distributor, Options, time);
            LocalChannels.Served = remote.Serve;
            Link = new NodeLink(
                Broker, _loop, OtherNodes, remote, Calls, Access, AccessRecheck, UserUpdates, distributor, Options, time, loggers.CreateLogger<NodeLink>());
            Receiver = new BrokerReceiver(distributor, _lostPublishes, Repair, Rows, Link);
        }

        _limits = new RequestLimits(Options);
        var search = Options.Search ? services.GetService<IMessageSearch>() ?? Store as IMessageSearch : null;
        Finder = search is null ? null : new MessageFinder(search, Channels, authorizer, Clock);
        var access = new ChannelAccess(Channels, authorizer, Clock);
        Receipts = new Receipts(Channels, LocalChannels, rights, Rows, distributor, Clock, Options);
        var asked = new Interceptors([.. interceptors]);
        IRequestFamily[] families =
        [
            new SubscriptionRequests(
                access, rights, LocalChannels, subscriptions, _presenceNotifier, Repair, AccessRecheck, Clock, Options, log),
            new SignalRequests(access, Presence, asked, distributor),
            new PublishHandler(Channels, authorizer, asked, Appends, _limits, rights, Clock, outages, Attached),
            new MessageRequests(access, Store, Channels, asked, Appends, Clock, Attached),
            new MemberRequests(access, Channels, Memberships, Receipts, Clock),
            new UserRequests(profiles, watchers, UserUpdates),
            new ModerationRequests(access, Channels, Memberships, Clock, Options),
            new ReportRequests(access, Channels, Clock, audit),
            new BlockRequests(Channels, Blocks),
            new DirectoryRequests(Channels, authorizer, Clock),
            new ChannelRequests(access, Channels, authorizer, Settings, Rows, Clock),
            .. Finder is null ? (IEnumerable<IRequestFamily>)[] : [new SearchRequests(access, Finder, Clock)],
            .. AddInboxes(access, inboxes, outages, loggers),
        ];
        string[] features = [.. families.Select(static family => family.Feature).OfType<string>().Distinct()];
        var table = new RequestTable([new SignInRequests(authenticator, Users, _limits, Clock, Options, features, log), .. families]);
        Connections = new ConnectionHandler(
            Sessions, Users, watchers, Clock, turns, metrics, catchUps, subscriptions, inboxes, new RequestDispatcher(table, _limits, Admission, outages, log), audit, log);
        Loops = new BackgroundLoops(time, loggers.CreateLogger<BackgroundLoops>());
        NodeGauges.Register(metrics.Meter, this, loggers);
    }

    /// <summary>The node's own id among the nodes.</summary>
    public Guid NodeId { get; }

    public RealtimeOptions Options { get; }

    public NodeClock Clock { get; }

    public IMessageStore Store { get; }

    public IChannelStore Channels { get; }

    /// <summary>What inboxes read; null where the store has none.</summary>
    public IInboxStore? Inboxes { get; }

    public InboxFeed? InboxFeed { get; private set; }

    public IMessageBroker? Broker { get; }

    public RequestLimits Limits => _limits;

    public Audit Audit { get; }

    public AttachedFiles Attached { get; }

    public LocalChannels LocalChannels { get; }

    public Repair Repair { get; }

    public MessageObservers Observers { get; }

    public AppendQueue Appends { get; }

    public BatchCommitter Committer { get; }

    public BackgroundLoops Loops { get; }

    public Admission Admission { get; }

    public SessionRegistry Sessions { get; }

    public UserSessions Users { get; }

    public SessionMonitor Monitor { get; }

    public Drain Drain { get; }

    public AccessRecheck AccessRecheck { get; }

    public AccessNotices Access { get; }

    public Memberships Memberships { get; }

    public SettingsUpdates Settings { get; }

    public RowNotices Rows { get; }

    public UserUpdates UserUpdates { get; }

    public UserBlocks Blocks { get; }

    public PresenceReader Presence { get; }

    public Receipts Receipts { get; }

    public Distributor Distributor { get; }

    public IChannelAuthorizer Authorizer { get; }

    /// <summary>Searches; null where the store cannot, or the host has left it out.</summary>
    public MessageFinder? Finder { get; }

    /// <summary>The other nodes; null where there is no broker, as all that follows.</summary>
    public OtherNodes? OtherNodes { get; }

    public NodeCalls? Calls { get; }

    public NodeLink? Link { get; }

    public BrokerReceiver? Receiver { get; }

    public ConnectionHandler Connections { get; }

    /// <summary>Whether nothing that concerns the other nodes waits to be done.</summary>
    public bool IsIdle => _loop?.IsIdle ?? true;

    public void Dispose()
    {
        _presenceNotifier.Dispose();
        _lostPublishes.Dispose();
        _limits.Dispose();
        _loop?.Dispose();
    }

    private static InvalidOperationException NoRecords() => new(
        $"Files need a store that has {nameof(IFileRecords)}, as all of RealtimeKit's have: use one of these, or leave out AddFiles(...).");

    private IEnumerable<IRequestFamily> AddInboxes(ChannelAccess access, InboxIndex index, StoreOutages outages, GuardedLoggers loggers)
    {
        if (Inboxes is null) return [];
        var writer = new InboxWriter(index);
        var feed = InboxFeed = new InboxFeed(Inboxes, index, writer, Clock, outages, loggers.CreateLogger<InboxFeed>());
        index.Woken = feed.Wake;
        Repair.Due = feed.Compare;
        var opener = new InboxOpener(Inboxes, index, writer, Clock, outages, loggers.CreateLogger<InboxOpener>());
        return [new InboxRequests(access, Inboxes, opener, Rows)];
    }

    private static InvalidOperationException NoStore() => new(
        "Real-time messaging needs a store, and none was chosen. Add one to AddRealtimeMessaging(): UseSqliteStore(...) from the package "
        + "RealtimeKit.Sqlite, or UseInMemoryStore() from RealtimeKit.InMemory for tests and demos.");
}
