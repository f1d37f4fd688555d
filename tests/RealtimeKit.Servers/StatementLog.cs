using System.Globalization;
using System.Text.RegularExpressions;

namespace RealtimeKit.Servers;

/// <summary>What a PostgreSQL server did for each statement, as it logs it itself through auto_explain.</summary>
public sealed partial class StatementLog(PostgreSqlServer server)
{
    /// <summary>Makes the sessions that are opened afterwards log every statement.</summary>
    public const string Begin = """
        ALTER DATABASE postgres SET session_preload_libraries = 'auto_explain';
        ALTER DATABASE postgres SET auto_explain.log_min_duration = 0;
        ALTER DATABASE postgres SET auto_explain.log_analyze = on;
        ALTER DATABASE postgres SET auto_explain.log_buffers = on;
        """;

    private long _read;

    /// <summary>The statements since the call before, or since the server began.</summary>
    public async Task<IReadOnlyList<LoggedStatement>> ReadAsync()
    {
        await using var log = new FileStream(server.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(_read, SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        var text = await reader.ReadToEndAsync();
        _read = log.Position;
        return [.. Entries().Matches(text).Select(match => new LoggedStatement(match.Groups["sql"].Value, match.Groups["plan"].Value))];
    }

    [GeneratedRegex(@"duration: [\d.]+ ms  plan:\n\tQuery Text: (?<sql>(?:.|\n\t\s*(?=\S))*?)\n(?<plan>\t[A-Z][^\n]*\(cost=(?:.|\n\t)*)")]
    private static partial Regex Entries();
}

/// <summary>One statement that was run.</summary>
/// <param name="Sql">Its text.</param>
/// <param name="Plan">How it was carried out.</param>
public sealed partial record LoggedStatement(string Sql, string Plan)
{
    /// <summary>The pages of 8 KiB that it touched: the first line of buffers is that of the whole statement.</summary>
    public int Pages => Buffers().Match(Plan) is { Success: true } match ? (int)(Number(match.Groups["hit"]) + Number(match.Groups["read"])) : 0;

    /// <summary>About how many rows it read from tables and indexes, those that it left out included.</summary>
    public double Rows => Scans().Matches(Plan).Sum(match => (Number(match.Groups["rows"]) + Number(match.Groups["removed"])) * Number(match.Groups["loops"]));

    private static double Number(Group group) => group.Success ? double.Parse(group.Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"Buffers: shared(?: hit=(?<hit>\d+))?(?: read=(?<read>\d+))?")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"(?:Index|Index Only|Seq) Scan [^\n]*\(actual time=\S+ rows=(?<rows>\d+) loops=(?<loops>\d+)\)(?:\n\t\s+(?!->)(?:Index Cond|Filter|Heap Fetches|Order By)[^\n]*)*(?:\n\t\s+Rows Removed by Filter: (?<removed>\d+))?")]
    private static partial Regex Scans();
}
