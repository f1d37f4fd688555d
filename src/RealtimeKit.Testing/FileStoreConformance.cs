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

    /// <summary>Lists whatever the storage has of files and uploads: empty where every byte is gone.</summary>
    protected abstract ValueTask<IReadOnlyList<string>> ListAsync();

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
        Assert.Null(await other.OpenAsync(id, Cancel));
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
        var won = new List<string>();
        await using (var append = await Store.AppendAsync(id, 3, 1, tentative: false, Cancel))
        {
            await append.WriteAsync("d"u8.ToArray(), Cancel);
            if (!await IsBusyAsync(() => AppendAsync(other, id, 3, "e"))) won.Add("e");
            if (!await IsBusyAsync(() => append.CommitAsync(Cancel).AsTask())) won.Add("d");
        }

        Assert.Single(won);
        await AppendAsync(other, id, 4, "f");
        await Store.CompleteAsync(id, Cancel);
        Assert.Equal($"abc{won[0]}f", await ReadAsync(other, id));
    }

    /// <summary>Of many that append to one upload, on two nodes, one at a time commits; what was committed is there, in its order, and nothing else.</summary>
    [Fact]
    public async Task OfManyOneCommits()
    {
        var id = StoredFile.NewId();
        var other = await OpenAsync();
        await Store.CreateAsync(id, Cancel);
        var expected = new StringBuilder();
        for (var round = 0; round < 10; round++)
        {
            var won = new System.Collections.Concurrent.ConcurrentQueue<string>();
            await Task.WhenAll(Enumerable.Range(0, 6).Select(number => Task.Run(async () =>
            {
                var text = ((char)('a' + number)).ToString();
                if (!await IsBusyAsync(() => AppendAsync(number % 2 == 0 ? Store : other, id, expected.Length, text))) won.Enqueue(text);
            }, Cancel)));
            Assert.True(won.Count <= 1, $"In round {round} {won.Count} committed.");
            if (won.TryDequeue(out var one)) expected.Append(one);
            Assert.Equal(expected.Length, await Store.FindLengthAsync(id, Cancel));
        }

        Assert.NotEqual(0, expected.Length);
        await other.CompleteAsync(id, Cancel);
        Assert.Equal(expected.ToString(), await ReadAsync(Store, id));
    }

    /// <summary>A large file grows in pieces of any size, some of them taken back or abandoned, on two nodes; then any range of it can be read. Nothing is left when it is removed.</summary>
    [Fact]
    public async Task LargeFilesAreKept()
    {
        const int size = 17_000_000;
        const int mostPiece = 7_000_000;
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var bytes = new byte[size];
        random.NextBytes(bytes);
        var id = StoredFile.NewId();
        IFileStore[] nodes = [Store, await OpenAsync()];
        await Store.CreateAsync(id, Cancel);
        var length = 0;
        while (length < size)
        {
            var piece = Math.Min(random.Next(1, mostPiece), size - length);
            var tentative = random.Next(2) == 0;
            await using (var append = await nodes[random.Next(2)].AppendAsync(id, length, piece, tentative, Cancel))
            {
                await append.WriteAsync(bytes.AsMemory(length, piece / 2), Cancel);
                await append.WriteAsync(bytes.AsMemory(length + (piece / 2), piece - (piece / 2)), Cancel);
                var end = random.Next(4);
                if (end == 0 && tentative) await append.UndoAsync(Cancel);
                else if (end > 0) await append.CommitAsync(Cancel);
                if (end > 0) length += piece;
            }

            var found = (int)(await nodes[random.Next(2)].FindLengthAsync(id, Cancel))!.Value;
            Assert.InRange(found, length, tentative ? length : length + piece);
            length = found;
        }

        await Store.CompleteAsync(id, Cancel);
        await using (var stream = (await nodes[1].OpenAsync(id, Cancel))!)
        {
            Assert.Equal(size, stream.Length);
            for (var range = 0; range < 10; range++)
            {
                stream.Position = random.Next(size);
                var expected = bytes.AsMemory((int)stream.Position, Math.Min(random.Next(100_000), size - (int)stream.Position));
                var read = new byte[expected.Length];
                await stream.ReadExactlyAsync(read, Cancel);
                Assert.True(expected.Span.SequenceEqual(read));
            }

            stream.Position = 0;
            var all = new byte[size];
            await stream.ReadExactlyAsync(all, Cancel);
            Assert.True(bytes.AsSpan().SequenceEqual(all));
            Assert.Equal(0, await stream.ReadAsync(all, Cancel));
        }

        await nodes[1].RemoveAsync(id, Cancel);
        Assert.Empty(await ListAsync());
    }

    /// <summary>A file can be read although one who came too late to append to it has not gone yet.</summary>
    [Fact]
    public async Task LateAppendsDoNotBarReaders()
    {
        var id = StoredFile.NewId();
        await Store.CreateAsync(id, Cancel);
        await AppendAsync(Store, id, 0, "abc");
        Task<string> reading;
        await using (await (await OpenAsync()).AppendAsync(id, 3, 1, tentative: false, Cancel))
        {
            await Store.CompleteAsync(id, Cancel);
            reading = ReadAsync(Store, id);
            await Task.Delay(100, Cancel);
        }

        Assert.Equal("abc", await reading);
        Assert.Equal(3, (await Assert.ThrowsAsync<FileOffsetException>(() => AppendAsync(Store, id, 3, "x"))).Length);
    }

    /// <summary>Whoever appends to what is removed meanwhile keeps nothing.</summary>
    [Fact]
    public async Task RemovalEndsAppends()
    {
        const int large = 12_000_000;
        foreach (var size in new[] { 1, large })
        {
            var id = StoredFile.NewId();
            await Store.CreateAsync(id, Cancel);
            await using (var append = await Store.AppendAsync(id, 0, 2 * size, tentative: false, Cancel))
            {
                await append.WriteAsync(new byte[size], Cancel);
                await (await OpenAsync()).RemoveAsync(id, Cancel);
                try
                {
                    await append.WriteAsync(new byte[size], Cancel);
                    await append.CommitAsync(Cancel);
                }
                catch (IOException)
                {
                    // Or its bytes have gone nowhere.
                }
            }

            Assert.Null(await Store.FindLengthAsync(id, Cancel));
            Assert.Empty(await ListAsync());
        }
    }

    /// <summary>No more is taken than was to come.</summary>
    [Fact]
    public async Task LimitsHold()
    {
        var id = StoredFile.NewId();
        await Store.CreateAsync(id, Cancel);
        await using (var append = await Store.AppendAsync(id, 0, 3, tentative: false, Cancel))
        {
            await append.WriteAsync("ab"u8.ToArray(), Cancel);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => append.WriteAsync("cd"u8.ToArray(), Cancel).AsTask());
            await append.CommitAsync(Cancel);
        }

        Assert.Equal(2, await Store.FindLengthAsync(id, Cancel));
    }

    /// <summary>Tentative bytes count once they are committed, and not where they are taken back or the append just ends; others cannot be taken back.</summary>
    [Fact]
    public async Task BytesAreTakenBack()
    {
        var id = StoredFile.NewId();
        await Store.CreateAsync(id, Cancel);
        await AppendAsync(Store, id, 0, "abc");
        await using (var append = await Store.AppendAsync(id, 3, 3, tentative: false, Cancel)) await Assert.ThrowsAsync<InvalidOperationException>(() => append.UndoAsync(Cancel).AsTask());
        await using (var append = await Store.AppendAsync(id, 3, 3, tentative: true, Cancel))
        {
            await append.WriteAsync("xyz"u8.ToArray(), Cancel);
            Assert.Equal(3, await Store.FindLengthAsync(id, Cancel));
            await append.UndoAsync(Cancel);
        }

        Assert.Equal(3, await Store.FindLengthAsync(id, Cancel));
        await using (var append = await Store.AppendAsync(id, 3, 3, tentative: true, Cancel)) await append.WriteAsync("xyz"u8.ToArray(), Cancel);
        Assert.Equal(3, await Store.FindLengthAsync(id, Cancel));
        await using (var append = await Store.AppendAsync(id, 3, 3, tentative: true, Cancel))
        {
            await append.WriteAsync("def"u8.ToArray(), Cancel);
            await append.CommitAsync(Cancel);
        }

        await Store.CompleteAsync(id, Cancel);
        Assert.Equal("abcdef", await ReadAsync(Store, id));
    }

    /// <summary>What is removed is gone, in whatever state it was; whoever has it open reads on, or learns that it is gone.</summary>
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

        Assert.Empty(await ListAsync());
        try
        {
            using var reader = new StreamReader(open);
            Assert.Equal("abc", await reader.ReadToEndAsync(Cancel));
        }
        catch (IOException)
        {
            // Its storage does not keep it for a reader.
        }
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
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(id, 0, 1, false, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.CompleteAsync(id, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenAsync(id, Cancel).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.RemoveAsync(id, Cancel).AsTask());
    }

    private static async Task<bool> IsBusyAsync(Func<Task> append)
    {
        try
        {
            await append();
            return false;
        }
        catch (Exception exception) when (exception is FileBusyException or FileOffsetException)
        {
            return true;
        }
    }

    private static async Task AppendAsync(IFileStore store, string id, long offset, string text)
    {
        await using var append = await store.AppendAsync(id, offset, text.Length, tentative: false, Cancel);
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
