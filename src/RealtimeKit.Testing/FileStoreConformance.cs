using System.Text;
using RealtimeKit.Files;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>The suite of a store of files' bytes: derive a class from it in a test project.</summary>
public abstract class FileStoreConformance : IAsyncLifetime
{
    private IFileStore? _store;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IFileStore Store => _store!;

    /// <summary>Opens the store: the first time an empty one, afterwards another node's over the same storage.</summary>
    protected abstract ValueTask<IFileStore> OpenAsync();

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync() => _store = await OpenAsync();

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>An upload grows piece by piece, on any node, and is the same bytes when it is complete.</summary>
    [Fact]
    public async Task UploadsGrowAndComplete()
    {
        var id = StoredFile.NewId();
        var other = await OpenAsync();
        Assert.Null(await Store.FindLengthAsync(id, Cancel));
        Assert.Null(await Store.OpenAsync(id, Cancel));
        await Store.CreateAsync(id, Cancel);
        await AppendAsync(Store, id, 0, "hello ");
        await other.CreateAsync(id, Cancel);
        Assert.Equal(6, await other.FindLengthAsync(id, Cancel));
        await AppendAsync(other, id, 6, "world");
        await Store.CompleteAsync(id, Cancel);
        await other.CompleteAsync(id, Cancel);
        await other.CreateAsync(id, Cancel);
        foreach (var node in new[] { Store, other, await OpenAsync() })
        {
            Assert.Equal(11, await node.FindLengthAsync(id, Cancel));
            Assert.Equal("hello world", await ReadAsync(node, id));
        }

        var late = await Assert.ThrowsAsync<FileOffsetException>(() => AppendAsync(Store, id, 11, "!"));
        Assert.Equal(11, late.Length);
    }

    /// <summary>Bytes are appended at the end and nowhere else, and only by one at a time.</summary>
    [Fact]
    public async Task OneAppendsAtTheEnd()
    {
        var id = StoredFile.NewId();
        await Assert.ThrowsAsync<FileNotFoundException>(() => AppendAsync(Store, id, 0, "x"));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.CompleteAsync(id, Cancel).AsTask());
        await Store.CreateAsync(id, Cancel);
        await AppendAsync(Store, id, 0, "abc");
        foreach (var offset in new long[] { 0, 2, 4 })
            Assert.Equal(3, (await Assert.ThrowsAsync<FileOffsetException>(() => AppendAsync(Store, id, offset, "x"))).Length);
        var other = await OpenAsync();
        await using (await Store.AppendAsync(id, 3, tentative: false, Cancel))
            await Assert.ThrowsAsync<FileBusyException>(() => AppendAsync(other, id, 3, "x"));
        await AppendAsync(other, id, 3, "d");
        Assert.Equal("abcd", await ReadAsync(Store, id));
    }

    /// <summary>What is taken back is not there; tentative bytes count once they are committed, and not where the append just ends.</summary>
    [Fact]
    public async Task BytesAreTakenBack()
    {
        var id = StoredFile.NewId();
        await Store.CreateAsync(id, Cancel);
        await AppendAsync(Store, id, 0, "abc");
        foreach (var tentative in new[] { false, true })
        {
            await using var append = await Store.AppendAsync(id, 3, tentative, Cancel);
            await append.WriteAsync("xyz"u8.ToArray(), Cancel);
            if (tentative) Assert.Equal(3, await Store.FindLengthAsync(id, Cancel));
            await append.UndoAsync(Cancel);
        }

        Assert.Equal(3, await Store.FindLengthAsync(id, Cancel));
        await using (var append = await Store.AppendAsync(id, 3, tentative: true, Cancel)) await append.WriteAsync("xyz"u8.ToArray(), Cancel);
        Assert.Equal(3, await Store.FindLengthAsync(id, Cancel));
        await using (var append = await Store.AppendAsync(id, 3, tentative: true, Cancel))
        {
            await append.WriteAsync("def"u8.ToArray(), Cancel);
            await append.CommitAsync(Cancel);
        }

        Assert.Equal("abcdef", await ReadAsync(Store, id));
    }

    /// <summary>What is removed is gone, in whatever state it was; whoever has it open reads on.</summary>
    [Fact]
    public async Task RemovedIsGone()
    {
        var (upload, file) = (StoredFile.NewId(), StoredFile.NewId());
        foreach (var id in new[] { upload, file })
        {
            await Store.CreateAsync(id, Cancel);
            await AppendAsync(Store, id, 0, "abc");
        }

        await Store.CompleteAsync(file, Cancel);
        await using var open = (await Store.OpenAsync(file, Cancel))!;
        foreach (var id in new[] { upload, file, StoredFile.NewId() })
        {
            await Store.RemoveAsync(id, Cancel);
            await Store.RemoveAsync(id, Cancel);
            Assert.Null(await Store.FindLengthAsync(id, Cancel));
            Assert.Null(await Store.OpenAsync(id, Cancel));
        }

        using var reader = new StreamReader(open);
        Assert.Equal("abc", await reader.ReadToEndAsync(Cancel));
    }

    /// <summary>Nothing but an id is taken as one.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../../etc/passwd")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("0123456789abcdef0123456789abcde/")]
    public async Task OnlyIdsAreTaken(string id)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.CreateAsync(id, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.FindLengthAsync(id, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(id, 0, false, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.CompleteAsync(id, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenAsync(id, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.RemoveAsync(id, Cancel).AsTask());
    }

    private static async Task AppendAsync(IFileStore store, string id, long offset, string text)
    {
        await using var append = await store.AppendAsync(id, offset, tentative: false, Cancel);
        await append.WriteAsync(Encoding.UTF8.GetBytes(text), Cancel);
        await append.CommitAsync(Cancel);
    }

    private static async Task<string> ReadAsync(IFileStore store, string id)
    {
        await using var stream = (await store.OpenAsync(id, Cancel))!;
        Assert.True(stream.CanSeek);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Cancel);
    }
}
