using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>docs/threads-and-locks.md has a row for every lock of the server's packages, and no other.</summary>
public sealed partial class ThreadsPageTests
{
    private static readonly string[] Clients = ["RealtimeKit.Client", "RealtimeKit.Testing"];

    [Fact]
    public void Every_lock_and_every_turn_has_its_row() =>
        Rows().Should().BeEquivalentTo(InSource(), "a lock needs a row in docs/threads-and-locks.md: its file, its name, what it guards, and which locks are taken under it");

    [Fact]
    public void Locks_are_found_however_they_are_written() =>
        Locks("private readonly Lock _gate = new();\n    private readonly SemaphoreSlim _turn = new(1, 1);\n  lock (_gate)\n  lock (_users) return;")
            .Should().Equal("_gate", "_turn", "_users");

    private static IEnumerable<string> InSource() =>
        from file in Repository.Sources()
        where !Clients.Contains(file.Split(Path.DirectorySeparatorChar)[1])
        from name in Locks(Repository.Read(file))
        select $"{file} {name}";

    private static IEnumerable<string> Rows() =>
        from row in Row().Matches(Repository.Read("docs/threads-and-locks.md"))
        from Capture name in row.Groups[2].Captures
        select $"{row.Groups[1].Value} {name.Value}";

    private static IEnumerable<string> Locks(string source) => Lock().Matches(source).Select(match => match.Groups[1].Value).Distinct();

    [GeneratedRegex("^\\| \\[[^]]+\\]\\(\\.\\./([^)]+)\\) (?:`(\\w+)`(?:, )?)+ \\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("(?:(?:Lock|SemaphoreSlim) (?=_\\w+ = new)|\\block \\()(\\w+)")]
    private static partial Regex Lock();
}
