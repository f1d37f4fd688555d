using RealtimeKit.PostgreSql;
using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Stores;

[ConformanceOf(typeof(PostgreSqlStore))]
public sealed class PostgreSqlMessageStoreTests : MessageStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporarySchema.CreateStoreAsync();
}

[ConformanceOf(typeof(PostgreSqlStore))]
public sealed class PostgreSqlChannelStoreTests : ChannelStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporarySchema.CreateStoreAsync();
}

[ConformanceOf(typeof(PostgreSqlStore))]
public sealed class PostgreSqlFileRecordsTests : FileRecordsConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporarySchema.CreateStoreAsync();
}

[ConformanceOf(typeof(PostgreSqlStore))]
public sealed class PostgreSqlSearchStoreTests : MessageSearchConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporarySchema.CreateStoreAsync();
}

[ConformanceOf(typeof(PostgreSqlStore))]
public sealed class PostgreSqlInboxStoreTests : InboxStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporarySchema.CreateStoreAsync();
}
