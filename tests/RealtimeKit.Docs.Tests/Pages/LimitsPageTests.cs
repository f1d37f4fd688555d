using System.Globalization;
using System.Reflection;
using FluentAssertions;
using RealtimeKit.Client;
using RealtimeKit.Files;
using RealtimeKit.Files.S3;
using RealtimeKit.PostgreSql;
using RealtimeKit.Protocol;
using RealtimeKit.RabbitMQ;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;
using RealtimeKit.WebSockets;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>docs/limits.md names every option with its default, and every limit of the protocol with its value.</summary>
public sealed class LimitsPageTests
{
    private static readonly string[] Page = Repository.Read("docs/limits.md").ReplaceLineEndings("\n").Split('\n');

    public static TheoryData<Type> Options =>
    [
        typeof(RealtimeOptions), typeof(WebSocketTransportOptions), typeof(RealtimeFileOptions), typeof(S3FileStoreOptions), typeof(SqliteStoreOptions), typeof(PostgreSqlStoreOptions), typeof(RabbitMqBrokerOptions), typeof(RealtimeClientOptions),
    ];

    [Fact]
    public void Every_class_of_options_is_tested() =>
        Directory.GetFiles(AppContext.BaseDirectory, "RealtimeKit*.dll")
            .Select(file => Assembly.Load(Path.GetFileNameWithoutExtension(file))).SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type is { IsClass: true } && type.Name.EndsWith("Options", StringComparison.Ordinal) && type.GetProperties().Any(property => property.SetMethod?.IsPublic == true && !IsInit(property)))
            .Should().BeEquivalentTo(Options.Select(row => row.Data));

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_option_is_listed_with_its_default(Type type)
    {
        var defaults = Activator.CreateInstance(type)!;
        var rows = Section(type.Name);
        foreach (var option in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var row = rows.Should().ContainSingle(line => line.StartsWith($"| `{option.Name}` |", StringComparison.Ordinal), "{0}.{1} is an option", type.Name, option.Name).Which;
            if (Text(option.GetValue(defaults)) is { } value) row.Should().StartWith($"| `{option.Name}` | {value} |");
        }
    }

    [Fact]
    public void Every_limit_of_the_protocol_is_listed_with_its_value()
    {
        var limits = typeof(ProtocolConstants).GetFields().Where(field => field.FieldType != typeof(string)).ToList();
        limits.Should().HaveCountGreaterThan(8);
        foreach (var limit in limits)
        {
            Page.Should().ContainSingle(line => line.Contains($"| `{limit.Name}` |", StringComparison.Ordinal))
                .Which.Should().Contain(string.Create(CultureInfo.InvariantCulture, $" {limit.GetRawConstantValue():N0}"));
        }

        Page.Should().ContainSingle(line => line.Contains("`ChangeRules.MaxReactionsPerMessage`", StringComparison.Ordinal)).Which.Should().Contain($"| {ChangeRules.MaxReactionsPerMessage} |");
    }

    // From the line that names the class to the next such line or heading.
    private static List<string> Section(string type)
    {
        var start = Array.FindIndex(Page, line => line.Contains($"`{type}`", StringComparison.Ordinal));
        start.Should().BeGreaterThan(0, "the page says what {0} sets", type);
        return [.. Page.Skip(start + 1).TakeWhile(line => !line.Contains("Options`", StringComparison.Ordinal) && !line.StartsWith('#'))];
    }

    private static string? Text(object? value) => value switch
    {
        bool isOn => isOn ? "on" : "off",
        int or long => string.Create(CultureInfo.InvariantCulture, $"{value:N0}"),
        TimeSpan { TotalMinutes: >= 1 } time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes} min"),
        TimeSpan { TotalSeconds: >= 1 } time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds} ms"),
        _ => null,
    };

    private static bool IsInit(PropertyInfo property) =>
        property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Any(modifier => modifier.Name == "IsExternalInit");
}
