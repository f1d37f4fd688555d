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
