using System.Reflection;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using Xunit;

namespace RealtimeKit.Tests.Diagnostics;

/// <summary>docs/operations.md lists what can be watched: everything there is, and nothing that is not.</summary>
public sealed class OperationsPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Root(AppContext.BaseDirectory), "docs", "operations.md"));

    [Fact]
    public void Every_log_entry_has_an_id_of_its_own_that_the_page_lists()
    {
        var entries = Directory.GetFiles(AppContext.BaseDirectory, "RealtimeKit*.dll")
            .Where(path => !path.EndsWith(".Tests.dll", StringComparison.Ordinal))
            .Select(path => Assembly.Load(Path.GetFileNameWithoutExtension(path)))
            .SelectMany(assembly => assembly.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static))
                .Select(method => (Assembly: assembly.GetName().Name!, method.Name, Entry: method.GetCustomAttribute<LoggerMessageAttribute>()))
                .Where(one => one.Entry is not null))
            .ToList();

        entries.Should().HaveCountGreaterThan(10);
        entries.GroupBy(one => (one.Assembly, one.Entry!.EventId)).Where(group => group.Count() > 1).Should().BeEmpty();
        foreach (var (assembly, name, entry) in entries)
            Page.Should().Contain($"| `{assembly}` | {entry!.EventId} | `{name}` | {entry.Level} |");
    }

    [Fact]
    public void Every_instrument_is_on_the_page()
    {
        var source = Directory.GetFiles(Path.Combine(Root(AppContext.BaseDirectory), "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => path.EndsWith("Metrics.cs", StringComparison.Ordinal) || path.EndsWith("Gauges.cs", StringComparison.Ordinal)).Select(File.ReadAllText);
        var names = source.SelectMany(text => System.Text.RegularExpressions.Regex.Matches(text, "\"(realtimekit\\.[a-z.]+)\"").Select(match => match.Groups[1].Value)).ToList();
        names.Should().HaveCountGreaterThan(10);
        foreach (var name in names) Page.Should().Contain($"| `{name}` |");
    }

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);
}
