using System.Globalization;
using FluentAssertions;
using Npgsql;
using RealtimeKit.PostgreSql;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What the database's, the role's and the process's settings may and may not do to the store.</summary>
public sealed class PostgreSqlSettingsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("LATIN1", true)]
    [InlineData("EUC_JP", true)]
    [InlineData("UTF8", false)]
    [InlineData("SQL_ASCII", false)]
    public async Task Database_that_cannot_hold_every_text_is_refused_at_start(string encoding, bool refused)
    {
        await using var schema = await TemporarySchema.CreateAsync();
        var database = $"encoded_{Guid.NewGuid():N}";
        await schema.RunAsync($"CREATE DATABASE {database} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        try
        {
            var there = new TemporarySchema(new NpgsqlConnectionStringBuilder(schema.ConnectionString) { Database = database }.ConnectionString);
            await using var store = there.Open();
            var start = store.Invoking(one => one.InitializeAsync(Cancel).AsTask());
            if (refused)
            {
                (await start.Should().ThrowAsync<InvalidOperationException>()).Which.Message.Should().Contain(encoding).And.Contain("ENCODING 'UTF8'").And.Contain(database);
                return;
            }

            await start.Should().NotThrowAsync();
            await Changes.CreateLobbyAsync(store);
            await store.AppendAsync([Changes.Post("lobby", "🎉 é 漢")], Cancel);
            (await Changes.TextsAsync(store)).Should().Equal("🎉 é 漢");
        }
        finally
        {
            await schema.RunAsync($"DROP DATABASE {database} WITH (FORCE)");
        }
    }

    [Theory]
    [InlineData("\u200e-")]
    [InlineData("\u2212")]
    public async Task Store_is_made_and_works_under_a_culture_with_another_minus(string minus)
    {
        var before = CultureInfo.CurrentCulture;
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NegativeSign = minus;
        await using var schema = await TemporarySchema.CreateAsync();
        try
        {
            CultureInfo.CurrentCulture = culture;
            var valid = new PostgreSqlStoreOptionsValidator().Validate(null, new PostgreSqlStoreOptions { ConnectionString = schema.ConnectionString });
            valid.Failed.Should().BeFalse();
            await using var store = schema.Open();
            await Changes.CreateLobbyAsync(store);
            await store.AppendAsync([Changes.Post("lobby", "x")], Cancel);
            (await Changes.TextsAsync(store)).Should().Equal("x");
            CultureInfo.CurrentCulture.Should().BeSameAs(culture);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task Role_cannot_end_a_session_that_waits_for_a_call()
    {
        var name = $"idle_{Guid.NewGuid():N}";
        await using var schema = await TemporarySchema.CreateAsync();
        await using var store = schema.Open(options => options.ConnectionString =
            new NpgsqlConnectionStringBuilder(schema.ConnectionString) { Options = "-c idle_session_timeout=200", ApplicationName = name }.ConnectionString);
        await Changes.CreateLobbyAsync(store);
        // Until it has waited for longer than that, or is gone.
        await schema.UntilAsync($"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND state_change > clock_timestamp() - interval '1 second'", 0L);
        (await store.FindAsync("lobby", "ann", Cancel)).Should().NotBeNull();
    }

    [Fact]
    public async Task Role_cannot_hide_the_warning_of_an_unreplicated_commit()
    {
        const string hidden = "SELECT count(*) FROM pg_stat_activity";
        await using var schema = await TemporarySchema.CreateAsync();
        await using var store = schema.Open(options => options.ConnectionString =
            new NpgsqlConnectionStringBuilder(schema.ConnectionString) { Options = "-c client_min_messages=error" }.ConnectionString);
        await Changes.CreateLobbyAsync(store);
        await schema.RunAsync(hidden);
        // A trigger speaks as the server would.
        await schema.RunAsync("""
            CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION '%', current_setting('client_min_messages') USING ERRCODE = '57000'; END $$;
            CREATE TRIGGER warn BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION warn();
            """);
        var error = await store.Invoking(one => one.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>();
        error.Which.Message.Should().EndWith("warning");
    }
}
