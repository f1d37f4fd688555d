using FluentAssertions;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The rows of deleted channels go, whoever deletes at the same time.</summary>
public sealed class PostgreSqlDiscardTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_deletions_at_once_leave_no_row()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using var one = schema.Open();
        await using var other = schema.Open();
        await one.CreateAsync(Changes.Channel("large"), Cancel);
        await one.CreateAsync(Changes.Channel("empty"), Cancel);
        await FillAsync(schema, "(SELECT id FROM channels WHERE name = 'large')", 60_000);
        (await Task.WhenAll(one.DeleteAsync("large", Cancel).AsTask(), other.DeleteAsync("empty", Cancel).AsTask())).Should().Equal(true, true);
        await GoneAsync(schema);
    }

    private static Task FillAsync(TemporarySchema schema, string channel, int count) => schema.RunAsync($"""
        INSERT INTO messages(channel, sequence, version, time, id, digest, sender, text)
        SELECT {channel}, s, s, s, gen_random_uuid(), gen_random_uuid(), 'ann', 'a confidential text' FROM generate_series(1, {count}) s
        """);

    private static async Task GoneAsync(TemporarySchema schema)
    {
        const string left = "SELECT count(*) FROM messages", known = "SELECT count(*) FROM discarded";
        var started = TimeProvider.System.GetTimestamp();
        while ((long)(await schema.RunAsync(left))! > 0)
        {
            if ((long)(await schema.RunAsync(known))! == 0) (await schema.RunAsync(left)).Should().Be(0L, "nobody knows of the rows any more");
            TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromMinutes(1));
        }
    }
}
