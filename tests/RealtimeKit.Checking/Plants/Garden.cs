using RealtimeKit.Checking.Checks;

namespace RealtimeKit.Checking.Plants;

/// <summary>All plants.</summary>
internal static class Garden
{
    private const string Resends = "client-cut,database-backends,database-cut";

    public static IReadOnlyList<Plant> All { get; } =
    [
        new("acknowledge-before-commit", "A send is acknowledged although its commit failed.", [Check.Lost], "database-crash,database-cut")
        {
            Store = (store, _) => new AcknowledgesBeforeCommit(store),
        },
        new("acknowledge-without-storing", "A send in one batch of 60 is acknowledged and never stored.", [Check.Lost], "client-cut")
        {
            Store = (store, _) =>
            {
                var every = new Every(60);
                return new AcknowledgesWithoutStoring(store, _ => every.Now());
            },
        },
        new("dropped-when-full", "Of a batch of 32 changes or more the last is acknowledged and never stored.", [Check.Lost], "overload")
        {
            Store = (store, _) => new AcknowledgesWithoutStoring(store, changes => changes.Count >= 32),
        },
        new("memory-hoarded", "256 KiB are kept for every change, for ever.", [Check.Live], "overload")
        {
            Store = (store, _) => new HoardsMemory(store, 256 * 1_024),
            NeedsProcesses = true,
        },
        new("wrong-acknowledgement", "One send in 100 is acknowledged with the next sequence.", [Check.Lost, Check.Agreement], "client-cut")
        {
            Store = (store, _) => new ChangesResults(store, 100, (change, result) => change is PostChange && result is { Outcome: AppendOutcome.Appended, Message: { } message }
                ? result with { Message = message with { Sequence = message.Sequence + 1 } } : null),
        },
        new("refused-but-stored", "One send in 100 is refused with conflict, and stored.", [Check.Phantom], "client-cut")
        {
            Store = (store, _) => new ChangesResults(store, 100, (change, result) => change is PostChange && result.Outcome == AppendOutcome.Appended
                ? new AppendResult(AppendOutcome.Conflict) : null),
        },
        new("deliver-before-commit", "Other nodes are told of a message before it is committed.", [Check.Phantom, Check.Agreement], "database-backends,database-cut")
        {
            Store = (store, context) => new DeliversBeforeCommit(store, context.Broker),
        },
        new("duplicate-check-off", "A message sent again is stored again.", [Check.Duplicate], Resends)
        {
            Store = (store, _) => new ForgetsDuplicates(store),
        },
        new("duplicate-told-as-new", "A message sent again is acknowledged as new.", [Check.Duplicate], Resends)
        {
            Store = (store, _) => new ChangesResults(store, 1, (_, result) => result.Outcome == AppendOutcome.Duplicate
                ? result with { Outcome = AppendOutcome.Appended } : null),
        },
        new("sequence-reused", "After a restart of its node a channel's next message gets the number of the last.", [Check.Agreement], "node-kill,node-drain")
        {
            Store = (store, context) => new ReusesSequences(store, context.Again),
        },
        new("order-swapped", "Of two messages sent one after the other the second is stored first.", [Check.Order], "client-cut")
        {
            Store = (store, _) => new SwapsOrder(store),
        },
        new("versions-swapped", "In a catch-up two messages bear each other's version.", [Check.Agreement], "client-cut,client-half-open")
        {
            Store = (store, _) => new ChangesPages(store, ChangesPages.SwapVersions),
        },
        new("resume-off-by-one", "A catch-up begins one change too late.", [Check.Complete], "client-cut,client-half-open")
        {
            Store = (store, _) => new ResumesOffByOne(store),
        },
        new("edit-lost-at-catch-up", "A catch-up leaves out what was edited meanwhile.", [Check.Complete], "client-cut,client-half-open")
        {
            Store = (store, _) => new ChangesPages(store, ChangesPages.LoseEdits),
        },
        new("late-taken-for-old", "A bare client drops a message that a catch-up brings behind younger ones.", [Check.Complete], "client-cut,client-half-open")
        {
            ClientsTakeLateForOld = true,
        },
        new("history-with-holes", "A page of history lacks a message now and then.", [Check.Lost], "none")
        {
            Store = (store, _) => new LeavesHoles(store),
        },
        new("notices-lost", "The broker loses one message in 1,000, and nothing is repaired.", [Check.Complete], "none")
        {
            Broker = broker => new LosesNotices(broker, 1_000),
            Options = options => options.RepairInterval = TimeSpan.FromHours(1),
        },
        new("append-hangs", "One batch in 200 never ends.", [Check.Live], "client-cut")
        {
            Store = (store, _) => new Hangs(store),
        },
        new("given-up-carried-out", "One batch in 10 is said to have failed, and is carried out two seconds later.", [Check.Lost, Check.Complete], "client-cut")
        {
            Store = (store, context) => new CarriesOutWhatWasGivenUp(store, context.Time),
            NeedsSimulation = true,
        },
        new("revision-ignored", "Changes are stored whatever rights were taken meanwhile.", [Check.Authorization], "broker-cut,broker-half-open,broker-kill,broker-purge")
        {
            Store = (store, _) => new IgnoresRevisions(store),
        },
        new("revision-not-raised", "Whoever takes a right does not raise the channel's revision. A trigger in the database.", [Check.Authorization], "broker-cut,broker-half-open,broker-kill,broker-purge")
        {
            Trigger = new("channels", "BEFORE UPDATE", "NEW.revision := OLD.revision;"),
            NeedsProcesses = true,
        },
        new("removal-unheard", "Other nodes do not hear whose rights changed, and nothing is repaired.", [Check.Authorization], "none")
        {
            Broker = broker => new LosesNotices(broker, 1, kind: 4),
            LeavesOutInboxes = true,
            Options = options =>
            {
                options.RepairInterval = TimeSpan.FromHours(1);
                options.NodeHeartbeat = TimeSpan.FromMinutes(1);
            },
            NeedsProcesses = true,
        },
        new("counts-doubled", "What is added to a count of messages or mentions is added twice. A trigger in the database.", [Check.Inbox], "client-cut")
        {
            Trigger = new("tallies", "BEFORE INSERT", "NEW.count := 2 * NEW.count;"),
            NeedsProcesses = true,
        },
        new("removed-stay", "An inbox keeps the row of a channel that the user is no longer in.", [Check.Inbox], "none")
        {
            Inboxes = store => new KeepsRemovedRows(store),
            NeedsProcesses = true,
        },
        new("block-without-stamp", "A block leaves the stamps of memberships as they are. A trigger in the database.", [Check.Inbox], "client-cut,broker-cut")
        {
            Trigger = new(
                "members", "BEFORE UPDATE",
                "IF (NEW.role, NEW.notify, NEW.pinned, NEW.hidden) IS NOT DISTINCT FROM (OLD.role, OLD.notify, OLD.pinned, OLD.hidden) THEN NEW.stamp := OLD.stamp; END IF;"),
            NeedsProcesses = true,
        },
        new("bound-unfinished", "A message may have a file that is not finished.", [Check.Files], "client-cut")
        {
            Records = records => new FinishesEarly(records),
            NeedsProcesses = true,
        },
        new("bytes-kept", "The bytes of files that no message has are not removed.", [Check.Files], "none")
        {
            Files = files => new KeepsBytes(files),
            NeedsProcesses = true,
        },
        new("deleted-served", "A file is served although its message is deleted or dropped it.", [Check.Files], "none")
        {
            Records = records => new RemembersDiscarded(records),
            NeedsProcesses = true,
        },
        new("presence-never-expires", "A node that died is never noticed.", [Check.Presence], "node-kill")
        {
            Options = options => options.NodeHeartbeat = TimeSpan.FromMinutes(1),
        },
    ];

    public static Plant Find(string name) =>
        All.FirstOrDefault(plant => plant.Name == name) ?? throw new ArgumentException($"There is no plant '{name}'. There are: {string.Join(", ", All.Select(plant => plant.Name))}.");
}
