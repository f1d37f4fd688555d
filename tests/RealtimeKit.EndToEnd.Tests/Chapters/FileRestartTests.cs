using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>What a server that was killed owes to uploads and files.</summary>
[Collection(nameof(RestartCollection))]
public sealed class FileRestartTests(QuickStartProcess server) : FileTest(server)
{
    private const int Piece = 300_000;

    [Fact]
    public async Task A_killed_server_leaves_no_byte_of_what_no_message_took_in_time()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var brief = new QuickStartProcess
        {
            Environment = new Dictionary<string, string>
            {
                ["FileOptions__KeepUnfinished"] = "00:00:03", ["FileOptions__KeepUntaken"] = "00:00:03", ["FileOptions__SweepInterval"] = "00:00:01",
            },
        };
        await brief.InitializeAsync();
        var endpoint = new Uri(brief.Address, "/realtime/files");
        var begun = 0;
        var left = 0;
        for (var kill = 0; kill < 6; kill++)
        {
            // Each time another user, whose rate of uploads is whole.
            var cookie = await brief.SignInAsync($"ann{kill}");
            var sending = Task.WhenAll(Enumerable.Range(0, 4).Select(number => UploadManyAsync(cookie, new Random(random.Next()))));
            var goal = begun + random.Next(1, 12);
            await UntilAsync(() => Volatile.Read(ref begun) >= goal);
            await Task.Delay(random.Next(50), TestContext.Current.CancellationToken);
            await brief.KillAsync();
            await sending;
            left += Directory.EnumerateFiles(brief.Files, "*", SearchOption.AllDirectories).Count();
            await brief.StartAsync();
        }

        left.Should().BePositive("there was something to remove");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Directory.EnumerateFiles(brief.Files, "*", SearchOption.AllDirectories).Any() && !deadline.IsCancellationRequested) await Task.Delay(50, TestContext.Current.CancellationToken);
        Directory.EnumerateFiles(brief.Files, "*", SearchOption.AllDirectories).Should().BeEmpty();

        async Task UploadManyAsync(string cookie, Random own)
        {
            try
            {
                while (true)
                {
                    var bytes = new byte[own.Next(1, 400_000)];
                    using var answer = await TusAsync("POST", endpoint, cookie, null, ("Upload-Length", $"{bytes.Length}"), ("Upload-Metadata", Metadata("lobby")));
                    ((int)answer.StatusCode).Should().BeOneOf(201, 429);
                    if ((int)answer.StatusCode == 429) return;
                    Interlocked.Increment(ref begun);
                    var file = new Uri(brief.Address, answer.Headers.Location!);
                    var half = bytes.AsMemory(0, bytes.Length / 2).ToArray();
                    using var first = await TusAsync("PATCH", file, cookie, half, ("Upload-Offset", "0"), ("Upload-Checksum", own.Next(2) == 0 ? Checksum(half) : null));
                    if (own.Next(3) > 0) continue;
                    using var rest = await TusAsync("PATCH", file, cookie, bytes.AsMemory(half.Length).ToArray(), ("Upload-Offset", $"{half.Length}"));
                }
            }
            catch (HttpRequestException)
            {
                // The server was killed.
            }
        }
    }

    [Fact]
    public async Task Uploads_survive_kills_at_any_moment()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var name = NewName("ann");
        var (ann, cookie) = await UserAsync(name);
        var channel = await CreateAsync(ann);
        var bytes = new byte[10 * Piece];
        random.NextBytes(bytes);
        var id = await BegunAsync(cookie, channel, bytes.Length, "big", null);
        var acknowledged = 0L;
        for (var kill = 0; kill < 4; kill++)
        {
            var sending = SendPiecesAsync();
            await Task.Delay(random.Next(60), TestContext.Current.CancellationToken);
            await server.KillAsync();
            await sending;
            await server.StartAsync();
            using var head = await TusAsync("HEAD", Address(id), cookie);
            var offset = long.Parse(Header(head, "Upload-Offset"), System.Globalization.CultureInfo.InvariantCulture);
            offset.Should().BeInRange(acknowledged, bytes.Length, "what was acknowledged is never lost");
            acknowledged = offset;
        }

        while (acknowledged < bytes.Length) await SendPieceAsync();
        ann = await ConnectAsync(name);
        var message = WithFiles(id);
        (await ann.RequestAsync("publish", new { channel, message })).ShouldBe("published");
        await server.KillAsync();
        await server.StartAsync();
        using (var file = await GetAsync(cookie, id)) (await BytesAsync(file)).Should().Equal(bytes);
        ann = await ConnectAsync(name);
        (await ann.RequestAsync("publish", new { channel, message })).ShouldBe("published").Flag("duplicate").Should().BeTrue();
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        await server.KillAsync();
        await server.StartAsync();
        await ExpectAsync(404, GetAsync(cookie, id));
        // The first sweep of the new process removes what the old one has left.
        await UntilAsync(() => !Directory.EnumerateFiles(server.Files, id + "*", SearchOption.AllDirectories).Any());

        async Task SendPiecesAsync()
        {
            try
            {
                while (acknowledged < bytes.Length) await SendPieceAsync();
            }
            catch (HttpRequestException)
            {
                // The server was killed.
            }
        }

        async Task SendPieceAsync()
        {
            var piece = bytes.AsMemory((int)acknowledged, (int)Math.Min(Piece, bytes.Length - acknowledged)).ToArray();
            var sum = Checksum(piece);
            using var sent = await PatchAsync(cookie, id, acknowledged, piece, ("Upload-Checksum", random.Next(2) == 0 ? sum : null));
            ((int)sent.StatusCode).Should().Be(204);
            acknowledged += piece.Length;
        }
    }
}
