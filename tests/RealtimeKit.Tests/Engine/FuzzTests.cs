using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>A million random and mutated frames against live sessions.</summary>
[Collection(nameof(AloneCollection))]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Frames = 1_000_000;
    private const int FramesPerMessage = 40;

    [Fact]
    public async Task A_million_hostile_frames_raise_no_exception_hang_nothing_and_leave_nothing_behind()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("REALTIMEKIT_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed} (set REALTIMEKIT_SEED to repeat)");
        await using var node = await TestNode.StartAsync();
        var frames = new FrameFuzzer(new Random(seed));
        var codes = new SortedDictionary<string, int>();
        // The first tenth fills pools and caches; what is held after it must not grow.
        var sent = await AttackAsync(node, frames, codes, Frames / 10);
        var before = await SettleAsync(node);
        sent += await AttackAsync(node, frames, codes, Frames - sent);
        var after = await SettleAsync(node);

        output.WriteLine($"{sent} frames; {string.Join(", ", codes.Select(pair => $"{pair.Key} {pair.Value}"))}");
        output.WriteLine($"memory before {before:N0}, after {after:N0} bytes");
        sent.Should().BeGreaterThanOrEqualTo(Frames);
        node.Log.Entries.Where(entry => entry.Level >= LogLevel.Error).Should().BeEmpty();
        codes.Keys.Should().Contain(["invalid", "published", "subscribed", "4400"]).And.NotContain("internal");
        (after - before).Should().BeLessThan(4 * 1_024 * 1_024);
    }

    private static async Task<int> AttackAsync(TestNode node, FrameFuzzer frames, SortedDictionary<string, int> codes, int count)
    {
        var sent = 0;
        while (sent < count)
        {
            await using var client = await node.ConnectAsync("mallory");
            for (var message = 0; message < 20; message++)
            {
                var text = new StringBuilder();
                for (var i = 0; i < FramesPerMessage; i++) text.Append(frames.Next()).Append('\n');
                // What is malformed ends the connection, so it stands behind those that are to be handled.
                text.Append(frames.NextBroken()).Append("\n{\"type\":\"ping\",\"id\":9007199254740991}");
                sent += FramesPerMessage + 1;
                await client.SendAsync(text.ToString());
                // Either everything is answered up to the ping, or the connection was closed for a malformed frame.
                if (!await AnswersAsync(client, codes)) break;
            }
        }

        return sent;
    }

    private static async Task<bool> AnswersAsync(TestClient client, SortedDictionary<string, int> codes)
    {
        while (await client.ReadAsync() is { } frame)
        {
            var type = frame.GetProperty("type").GetString()!;
            Count(codes, type == "error" ? frame.GetProperty("code").GetString()! : type);
            if (frame.TryGetProperty("id", out var id) && id.GetInt64() == ProtocolConstants.MaxRequestId) return true;
        }

        client.CloseCode.Should().Be(CloseCode.Malformed);
        Count(codes, "4400");
        return false;
    }

    private static void Count(SortedDictionary<string, int> codes, string code) =>
        codes[code] = codes.GetValueOrDefault(code) + 1;

    // What was rightly stored is not a leak: the channels are emptied before memory is compared.
    private static async Task<long> SettleAsync(TestNode node)
    {
        foreach (var channel in FrameFuzzer.Channels)
        {
            await node.Messaging.Channels.DeleteAsync(channel, TestContext.Current.CancellationToken);
            await node.Messaging.Channels.EnsureAsync(channel, cancellationToken: TestContext.Current.CancellationToken);
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
