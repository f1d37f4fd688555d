using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Tests;

/// <summary>
/// The layers of the core: each folder knows only those that its row names, by the type names in its files. A member that bears the
/// name of a type shows as an arrow too, unless it stands behind a dot.
/// </summary>
public sealed partial class LayersTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Hosting"] = ["Requests", "Nodes", "Sessions", "Messages", "Inboxes", "Delivery", "Presence", "Diagnostics", "Contracts"],
        ["Requests"] = ["Nodes", "Sessions", "Messages", "Inboxes", "Delivery", "Presence", "Diagnostics", "Contracts"],
        ["Nodes"] = ["Sessions", "Inboxes", "Delivery", "Presence", "Diagnostics", "Contracts"],
        ["Sessions"] = ["Inboxes", "Delivery", "Presence", "Diagnostics", "Contracts"],
        ["Inboxes"] = ["Delivery", "Diagnostics", "Contracts"],
        ["Messages"] = ["Delivery", "Diagnostics", "Contracts"],
        ["Delivery"] = ["Presence", "Diagnostics", "Contracts"],
        ["Presence"] = ["Contracts"],
        ["Diagnostics"] = ["Contracts"],
        ["Contracts"] = [],
    };

    private static readonly string Core = Path.Combine(ArchitectureTests.Source, "RealtimeKit");

    [Fact]
    public void Folders_of_the_core_know_only_those_below_them()
    {
        var files = Directory.EnumerateFiles(Core, "*.cs", SearchOption.AllDirectories)
            .Select(static file => (Name: Path.GetRelativePath(Core, file), Text: Strip(File.ReadAllText(file))))
            .Where(static file => Folder(file.Name) is not ("obj" or "bin")).ToList();
        files.Select(static file => Folder(file.Name)).Distinct().Should().BeEquivalentTo(Allowed.Keys);
        var owners = files
            .SelectMany(static file => Declaration().Matches(file.Text).Select(match => (Type: match.Groups["name"].Value, Folder: Folder(file.Name))))
            .ToLookup(static type => type.Type, static type => type.Folder, StringComparer.Ordinal);

        var wrong = from file in files
            let folder = Folder(file.Name)
            from word in Word().Matches(Member().Replace(file.Text, ".")).Select(static match => match.Value).Distinct()
            from owner in owners[word].Distinct()
            where owner != folder && !owners[word].Contains(folder) && !Allowed[folder].Contains(owner)
            select $"{file.Name} knows {word} of {owner}";
        wrong.Should().BeEmpty();
    }

    [Fact]
    public void Folders_of_the_core_are_namespaces()
    {
        var wrong = from file in Directory.EnumerateFiles(Core, "*.cs", SearchOption.AllDirectories)
            let parts = Path.GetRelativePath(Core, file).Split(Path.DirectorySeparatorChar)
            where parts[0] is not ("obj" or "bin")
            // What an application needs stands in the namespace that it uses anyway; contracts of adapters have one for each kind.
            let expected = string.Join('.', parts[..^1].Prepend("RealtimeKit").Where(static part => part != "Contracts"))
            let found = Namespace().Match(File.ReadAllText(file)).Groups["name"].Value
            where found != expected && !found.StartsWith("Microsoft.", StringComparison.Ordinal)
            select $"{Path.GetRelativePath(Core, file)} is in {found}, not in {expected}";
        wrong.Should().BeEmpty();
    }

    private static string Folder(string file) => file.Split(Path.DirectorySeparatorChar)[0];

    private static string Strip(string text) => Text().Replace(Comment().Replace(text, ""), "\"\"");

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex("\\$*\"\"\"(.|\\n)*?\"\"\"|\"(\\\\.|[^\"\\\\\\n])*\"")]
    private static partial Regex Text();

    [GeneratedRegex(
        @"^(?:(?:public|internal|sealed|abstract|static|partial|readonly|file|ref)\s+)*(?:(?:class|struct|interface|enum|record(?:\s+struct|\s+class)?)\s+|delegate\s+\S+\s+)(?<name>[A-Z]\w*)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"(?<![\w?])\.\s*[A-Z]\w*|(?<=\w)\??\.\s*[A-Z]\w*")]
    private static partial Regex Member();

    [GeneratedRegex(@"\b[A-Z]\w*\b")]
    private static partial Regex Word();
}
