using System.Globalization;
using FluentAssertions;
using RealtimeKit.PostgreSql;
using RealtimeKit.Tests.Engine;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The store starts and works under cultures with other signs, such as Arabic, Hebrew and Persian.</summary>
public sealed class PostgreSqlCultureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData(";Cancellation Timeout=-1")]
    public async Task Store_works_under_a_culture_with_other_signs(string more)
    {
        await using var schema = await TemporarySchema.CreateAsync();
        var (before, others) = (CultureInfo.CurrentCulture, CultureTests.OtherSigns());
        CultureInfo.CurrentCulture = others;
        try
        {
            var options = schema.ConnectionString + more;
            new PostgreSqlStoreOptionsValidator().Validate(null, new PostgreSqlStoreOptions { ConnectionString = options }).Succeeded.Should().BeTrue();
            await using var store = schema.Open(one => one.ConnectionString = options);
            await Changes.CreateLobbyAsync(store);
            (await store.AppendAsync([Changes.Post("lobby", "x")], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
            CultureInfo.CurrentCulture.Should().BeSameAs(others);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
