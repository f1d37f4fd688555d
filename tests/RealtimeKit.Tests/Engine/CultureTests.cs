using System.Globalization;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Nodes under different cultures say the same of the same message.</summary>
public sealed class CultureTests
{
    /// <summary>As Arabic, Hebrew and Persian cultures have it: a mark of direction before the sign.</summary>
    internal static CultureInfo OtherSigns()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NegativeSign, culture.NumberFormat.NumberDecimalSeparator) = ("\u200e-", "\u066b");
        return culture;
    }

    /// <summary>Or a run that is to have another culture would show nothing.</summary>
    [Fact]
    public void A_run_has_the_culture_that_was_asked_for()
    {
        var isAsked = Environment.GetEnvironmentVariable("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT") == "false";
        var name = isAsked ? Environment.GetEnvironmentVariable("LANG")!.Split('.')[0].Replace('_', '-') : "";
        CultureInfo.CurrentCulture.Name.Should().Be(name);
    }

    [Theory]
    [InlineData("-1.5e-7")]
    [InlineData("[0.001]")]
    [InlineData("-12")]
    public async Task A_retry_at_a_node_of_another_culture_is_a_duplicate(string data)
    {
        var store = new InMemoryStore();
        await using var here = await TestNode.StartAsync(builder => builder.UseInMemoryStore(store));
        await using var there = await TestNode.StartAsync(builder => builder.UseInMemoryStore(store));
        await here.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        var publish = $$$"""{"type":"publish","id":2,"channel":"a","message":{"id":"{{{Guid.NewGuid()}}}","data":{{{data}}}}}""";

        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = OtherSigns();
        await using var ann = await here.ConnectAsync("ann");
        var first = await ann.RequestAsync(publish, 2);
        CultureInfo.CurrentCulture = before;
        await using var again = await there.ConnectAsync("ann");
        var second = await again.RequestAsync(publish, 2);

        first.GetProperty("type").GetString().Should().Be("published");
        second.GetProperty("type").GetString().Should().Be("published", "{0} is equal to itself", data);
        second.GetProperty("duplicate").GetBoolean().Should().BeTrue();
    }
}
