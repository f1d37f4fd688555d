using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>docs/server-api.md is made from the comments of the server's API: <c>WRITE_PAGES=1</c> writes it, otherwise it is compared.</summary>
public sealed partial class ServerApiPageTests
{
    private const string Path = "docs/server-api.md";

    [Fact]
    public void The_page_of_the_servers_API_has_what_the_comments_say()
    {
        var page = new StringBuilder("""
            # The server's API

            `IRealtimeMessaging`, and each of its groups, come from the container.
            Every method takes a `CancellationToken` as its last argument and may throw `StoreUnavailableException`; it is left out here.
            This page is made from the comments in the code.

            """);
        foreach (var group in typeof(IRealtimeMessaging).GetProperties().Select(group => group.PropertyType))
        {
            var name = group.Name;
            var file = group.Namespace == "RealtimeKit" ? $"src/RealtimeKit/Contracts/{name}.cs" : $"src/RealtimeKit/Contracts/{group.Namespace!["RealtimeKit.".Length..]}/{name}.cs";
            page.Append($"\n## {name["IRealtime".Length..]}\n[{name}](../{file})\n\n| method | what it does |\n|---|---|\n");
            var methods = Method().Matches(Repository.Read(file)).ToList();
            methods.Count.Should().Be(group.GetMethods().Length, "every method of {0} has a row", name);
            foreach (var method in methods)
                page.Append($"| `{Signature(method)}` | {Words(method.Groups["summary"].Value)} |\n");
        }

        if (Environment.GetEnvironmentVariable("WRITE_PAGES") == "1") File.WriteAllText(Repository.Full(Path), page.ToString());
        Repository.Read(Path).Should().Be(page.ToString(), "the page is made anew by WRITE_PAGES=1 and this test");
    }

    private static string Signature(Match method)
    {
        var arguments = Space().Replace(method.Groups["arguments"].Value, " ").Trim();
        arguments = arguments.Replace(", CancellationToken cancellationToken = default", "", StringComparison.Ordinal)
            .Replace("CancellationToken cancellationToken = default", "", StringComparison.Ordinal);
        return $"{method.Groups["name"].Value}({arguments})";
    }

    private static string Words(string summary)
    {
        var text = Space().Replace(summary.Replace("///", "", StringComparison.Ordinal), " ").Trim();
        text = Reference().Replace(text, match => $"`{match.Groups["name"].Value.Split('(')[0]}`");
        return Code().Replace(text, "`$1`").Replace("|", "\\|", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"/// <summary>(?<summary>(?:(?!</summary>).)*)</summary>(?:(?!</?summary>).)*?\n    (?:(?:Value)?Task(?:<.+?>)?|void) (?<name>\w+)\((?<arguments>[^;]*)\);", RegexOptions.Singleline)]
    private static partial Regex Method();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"<(?:see cref|paramref name|see langword)=""(?<name>[^""]+)""/>")]
    private static partial Regex Reference();

    [GeneratedRegex("<c>(.*?)</c>")]
    private static partial Regex Code();
}
