using RealtimeKit.Files;
using RealtimeKit.InMemory;
using RealtimeKit.Sqlite;
using RealtimeKit.Testing;
using RealtimeKit.Tests.Stores;

namespace RealtimeKit.Tests.Files;

[ConformanceOf(typeof(InMemoryStore))]
public sealed class InMemoryFileRecordsTests : FileRecordsConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => Stores.InMemory.CreateAsync();
}

[ConformanceOf(typeof(SqliteStore))]
public sealed class SqliteFileRecordsTests : FileRecordsConformance
{
    protected override ValueTask<StoreUnderTest> CreateAsync() => TemporaryDatabase.CreateStoreAsync();
}

[ConformanceOf(typeof(FolderFileStore))]
public sealed class FolderFileStoreConformanceTests : FileStoreConformance
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realtimekit-files-").FullName;

    protected override ValueTask<IFileStore> OpenAsync() => ValueTask.FromResult<IFileStore>(new FolderFileStore(_folder));

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return base.DisposeAsync();
    }
}
