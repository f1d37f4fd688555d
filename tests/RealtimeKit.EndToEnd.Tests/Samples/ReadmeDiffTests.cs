using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>The diff that the ExistingApp's README shows is what its sources are.</summary>
public sealed class ReadmeDiffTests
{
    private static readonly string Sample = Path.Combine(SampleProgram.Repository, "samples", "ExistingApp");

    [Fact]
    public async Task Every_hunk_stands_in_its_file_as_it_is_after_the_change()
    {
        var files = await ReadAsync();
        files.Should().HaveCountGreaterThan(5);
        foreach (var (file, hunks) in files)
        {
            var source = string.Join('\n', await File.ReadAllLinesAsync(Path.Combine(Sample, file), TestContext.Current.CancellationToken));
            var from = 0;
            foreach (var hunk in hunks)
            {
                var after = string.Join('\n', hunk.Where(line => line[0] != '-').Select(line => line[1..]));
                var place = source.IndexOf(after, from, StringComparison.Ordinal);
                place.Should().BeGreaterThanOrEqualTo(0, "{0} has these lines, one after another:\n{1}", file, after);
                from = place + after.Length;
                foreach (var gone in hunk.Where(line => line[0] == '-' && line.Length > 8)) source.Should().NotContain(gone[1..]);
            }
        }
    }

    [Fact]
    public async Task A_new_file_is_shown_whole()
    {
        foreach (var (file, hunks) in (await ReadAsync()).Where(entry => entry.Hunks.Count == 1 && entry.Hunks[0].All(line => line[0] == '+')))
        {
            var source = await File.ReadAllLinesAsync(Path.Combine(Sample, file), TestContext.Current.CancellationToken);
            hunks[0].Select(line => line[1..]).Should().Equal(source, "{0} is shown as it is", file);
        }
    }

    /// <summary>Whatever mentions the library in the sources is in the diff, or named before it as new: nothing was added behind its back.</summary>
    [Fact]
    public async Task No_other_file_knows_of_the_library()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Sample, "README.md"), TestContext.Current.CancellationToken);
        var shown = (await ReadAsync()).Select(entry => entry.File).ToList();
        var sources = Directory.EnumerateFiles(Sample, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Sample, file).Replace('\\', '/'))
            .Where(file => !file.StartsWith("bin/", StringComparison.Ordinal) && !file.StartsWith("obj/", StringComparison.Ordinal))
            .Where(file => Path.GetExtension(file) is ".cs" or ".cshtml" or ".csproj" or ".js");
        foreach (var file in sources.Except(shown).Where(file => !readme.Contains($"`{file}`", StringComparison.Ordinal)))
            (await File.ReadAllTextAsync(Path.Combine(Sample, file), TestContext.Current.CancellationToken))
                .Should().NotContainAny(["RealtimeKit", "OrderChat", "realtime"], "{0} is not in the diff", file);
    }

    /// <summary>The files of the README's diff, each with its hunks.</summary>
    private static async Task<List<(string File, List<List<string>> Hunks)>> ReadAsync()
    {
        var files = new List<(string File, List<List<string>> Hunks)>();
        var inside = false;
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(Sample, "README.md")))
        {
            if (line == "```diff") inside = true;
            else if (line == "```") inside = false;
            else if (!inside || line.StartsWith("--- ", StringComparison.Ordinal)) continue;
            else if (line.StartsWith("+++ ", StringComparison.Ordinal)) files.Add((line[4..], []));
            else if (line.StartsWith("@@", StringComparison.Ordinal)) files[^1].Hunks.Add([]);
            else files[^1].Hunks[^1].Add(line.Length == 0 ? " " : line);
        }

        return files;
    }
}
