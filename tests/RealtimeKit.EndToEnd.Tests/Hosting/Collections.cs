using Xunit;

namespace RealtimeKit.EndToEnd.Hosting;

/// <summary>The chapters of the protocol: one server for all of them, a fresh channel for each test.</summary>
[CollectionDefinition(nameof(ChaptersCollection))]
public sealed class ChaptersCollection : ICollectionFixture<QuickStartProcess>;

/// <summary>What is about time (heartbeats, the wait for `connect`): it runs beside the chapters, on a server of its own.</summary>
[CollectionDefinition(nameof(PatienceCollection))]
public sealed class PatienceCollection : ICollectionFixture<QuickStartProcess>;

/// <summary>What kills and restarts the server.</summary>
[CollectionDefinition(nameof(RestartCollection))]
public sealed class RestartCollection : ICollectionFixture<QuickStartProcess>;

/// <summary>What takes the store away from the server.</summary>
[CollectionDefinition(nameof(UnavailableCollection))]
public sealed class UnavailableCollection : ICollectionFixture<QuickStartProcess>;

/// <summary>What loads the whole machine: it runs when everything else is done.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
