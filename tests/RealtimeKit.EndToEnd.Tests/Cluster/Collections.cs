using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>What leaves the cluster in peace: one for all of it, fresh channels for each test.</summary>
[CollectionDefinition(nameof(ClusterCollection))]
public sealed class ClusterCollection : ICollectionFixture<ClusterNodes>;
