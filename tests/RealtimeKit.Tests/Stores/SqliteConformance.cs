using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Stores;

public sealed class SqliteMessageStoreTests : MessageStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}

public sealed class SqliteChannelStoreTests : ChannelStoreConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}
