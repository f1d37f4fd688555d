using RealtimeKit.Sqlite;
using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Stores;

[ConformanceOf(typeof(SqliteStore))]
public sealed class SqliteMessageStoreTests : MessageStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}

[ConformanceOf(typeof(SqliteStore))]
public sealed class SqliteChannelStoreTests : ChannelStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}

[ConformanceOf(typeof(SqliteStore))]
public sealed class SqliteSearchStoreTests : MessageSearchConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}

[ConformanceOf(typeof(SqliteStore))]
public sealed class SqliteInboxStoreTests : InboxStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}
