using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using RealtimeKit.Client;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>docs/errors.md names every code and exception there is, and quotes no message that there is not.</summary>
public sealed partial class ErrorsPageTests
{
    private static readonly string Page = Repository.Read("docs/errors.md");

    [Theory]
    [InlineData(typeof(ErrorCodes))]
    [InlineData(typeof(ClientErrorCodes))]
    public void Every_error_code_is_explained(Type codes)
    {
        var values = codes.GetFields().Select(field => (string)field.GetRawConstantValue()!).ToList();
        values.Should().HaveCountGreaterThan(2);
        foreach (var code in values) Page.Should().Contain($"\n| `{code}` |");
    }

    [Fact]
    public void Every_close_code_is_explained()
    {
        foreach (var code in Enum.GetValues<CloseCode>()) Page.Should().Contain($"\n| {(int)code} | `{code}` |");
    }

    [Fact]
    public void Every_exception_of_the_packages_is_explained()
    {
        var exceptions = Directory.GetFiles(AppContext.BaseDirectory, "RealtimeKit*.dll")
            .Select(file => Assembly.Load(Path.GetFileNameWithoutExtension(file))).SelectMany(assembly => assembly.GetExportedTypes())
            .Where(typeof(Exception).IsAssignableFrom).ToList();
        exceptions.Should().HaveCountGreaterThan(2);
        foreach (var exception in exceptions) Page.Should().Contain($"\n| `{exception.Name}` |");
    }

    [Fact]
    public void Every_code_of_the_browser_client_is_explained()
    {
        var client = string.Concat(Directory.EnumerateFiles(Repository.Full("src/realtimekit-js/client")).Append(Repository.Full("src/realtimekit-js/client.js")).Select(File.ReadAllText));
        var codes = JavaScriptCode().Matches(client).Select(match => match.Groups[1].Value).Distinct().ToList();
        codes.Should().Contain(["disconnected", "queue_full", "closed"]);
        foreach (var code in codes) Page.Should().Contain($"`{code}`");
    }

    [Fact]
    public void Both_clients_and_the_page_agree_on_what_is_sent_again()
    {
        var codes = typeof(ErrorCodes).GetFields().Select(field => (string)field.GetRawConstantValue()!).ToList();
        var transient = codes.Where(ErrorCodes.IsTransient).ToList();
        transient.Should().NotBeEmpty().And.NotHaveSameCount(codes);
        var browser = TransientCodes().Match(Repository.Read("src/realtimekit-js/client/errors.js")).Groups[1].Value;
        browser.Split(',').Select(code => code.Trim(' ', '\'')).Should().BeEquivalentTo(transient);
        var again = ErrorRow().Matches(Page).ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value);
        foreach (var code in codes) again[code].Contains("messages", StringComparison.Ordinal).Should().Be(transient.Contains(code), code);
    }

    [Fact]
    public void Every_message_that_is_quoted_is_one()
    {
        var source = Concatenation().Replace(string.Join('\n', Repository.Sources().Select(Repository.Read)), "").Replace("\\\"", "\"", StringComparison.Ordinal);
        // What is quoted of the library has a space in it; … stands for what a message fills in.
        var quoted = Quotations().Matches(Page[Page.IndexOf("## Answers to the upgrade", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value)
            .Where(text => text.Contains(' ', StringComparison.Ordinal) && !text.StartsWith("Use", StringComparison.Ordinal)).ToList();
        quoted.Should().HaveCountGreaterThan(20);
        quoted.SelectMany(text => text.Split('…', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Where(part => part.Length > 3)
            .Where(part => !source.Contains(part.Trim('\''), StringComparison.Ordinal)).Should().BeEmpty();
    }

    [GeneratedRegex("const TRANSIENT = new Set\\(\\[(.*?)\\]\\)")]
    private static partial Regex TransientCodes();

    [GeneratedRegex("^\\| `([a-z_]+)` \\|[^|\\n]*\\|[^|\\n]*\\| ([^|\\n]*) \\|$", RegexOptions.Multiline)]
    private static partial Regex ErrorRow();

    [GeneratedRegex("RealtimeError\\('([a-z_]+)'")]
    private static partial Regex JavaScriptCode();

    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"")]
    private static partial Regex Concatenation();

    [GeneratedRegex("`([^`\\n]+)`")]
    private static partial Regex Quotations();
}
