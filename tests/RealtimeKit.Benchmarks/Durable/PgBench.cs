using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>
/// What PostgreSQL itself takes, told by its own pgbench: one statement, written by hand and prepared, that adds one message to each of
/// 64 channels, counts it and moves their heads, in the store's own tables with all their indexes. It makes the rows in the server, looks
/// for no copies and returns nothing.
/// </summary>
internal static partial class PgBench
{
    private const int Batch = 64;

    private const string Script = """
        \set n random(1, 1000000000)
        WITH added AS (
            INSERT INTO {0}.messages(channel, sequence, version, time, id, digest, sender, text)
            SELECT c.id, c.sequence + 1, c.version + 1, m.time,
                (lpad(to_hex(m.time), 12, '0') || '7' || lpad(to_hex(c.id), 3, '0') || '8000' || lpad(to_hex(:n::bigint), 12, '0'))::uuid,
                '00000000-0000-0000-0000-000000000001', 'u1', '{1}'
            FROM {0}.channels c, (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS time) m WHERE c.name = ANY('{{{2}}}')
            RETURNING channel, sequence),
        counted AS (
            INSERT INTO {0}.tallies(channel, kind, user_id, block, count) SELECT channel, 2, 'u1', sequence >> 10, 1 FROM added
            ON CONFLICT (channel, kind, user_id, block) DO UPDATE SET count = tallies.count + excluded.count)
        UPDATE {0}.channels SET sequence = sequence + 1, version = version + 1, changed = 1 WHERE name = ANY('{{{2}}}');
        """;

    /// <summary>Messages per second.</summary>
    public static async Task<double> RunAsync(int port, string schema, int clients, TimeSpan time)
    {
        var file = Path.GetTempFileName();
        try
        {
            var channels = string.Join(',', Enumerable.Range(0, Batch).Select(number => $"c{number}"));
            await File.WriteAllTextAsync(file, string.Format(
                CultureInfo.InvariantCulture, CompositeFormat.Parse(Script), schema, new string('x', Wire.PayloadSize), channels));
            return Batch * await TransactionsAsync(port, file, clients, time);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // Transactions per second.
    private static async Task<double> TransactionsAsync(int port, string file, int clients, TimeSpan time)
    {
        string[] arguments =
        [
            "-h", "127.0.0.1", "-p", $"{port}", "-U", "postgres", "-n", "-M", "prepared", "-c", $"{clients}", "-T", $"{(int)time.TotalSeconds}", "-f", file, "postgres",
        ];
        // No triggers for it, which are for nodes of an earlier version.
        var start = new ProcessStartInfo(Program(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["PGOPTIONS"] = "-c realtimekit.schema=2" } };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return Rate().Match(output) is { Success: true } match
            ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench ended with {process.ExitCode}: {await errors}{output}");
    }

    private static string Program() =>
        Directory.GetFiles("/usr/lib/postgresql", "pgbench", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Rate();
}
