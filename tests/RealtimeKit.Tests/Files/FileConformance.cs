using RealtimeKit.Files;
using RealtimeKit.Files.S3;
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

    protected override ValueTask<IReadOnlyList<string>> ListAsync() =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories)]);

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return base.DisposeAsync();
    }
}

[ConformanceOf(typeof(S3FileStore))]
public sealed class S3FileStoreConformanceTests(SharedS3 shared) : FileStoreConformance
{
    private string? _bucket;

    protected override async ValueTask<IFileStore> OpenAsync()
    {
        _bucket ??= await shared.NewBucketAsync();
        return new S3FileStore(await shared.ClientAsync(), new S3FileStoreOptions { Bucket = _bucket });
    }

    protected override async ValueTask<IReadOnlyList<string>> ListAsync() => await shared.ContentAsync(_bucket!);
}
