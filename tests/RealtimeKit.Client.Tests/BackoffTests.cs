using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void Waits_are_spread_evenly_below_a_bound_that_doubles_to_the_cap()
    {
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var bound = Math.Min(1_000, 50 * Math.Pow(2, attempt));
            var waits = new List<double>();
            for (var seed = 0; seed < 400; seed++)
            {
                var backoff = new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), new Random(seed));
                for (var i = 0; i < attempt; i++) backoff.Next();
                waits.Add(backoff.Next().TotalMilliseconds);
            }

            waits.Should().OnlyContain(wait => wait >= 0 && wait <= bound);
            waits.Min().Should().BeLessThan(bound * 0.1, "full jitter reaches down to zero");
            waits.Max().Should().BeGreaterThan(bound * 0.9);
        }
    }

    [Fact]
    public void A_thousand_attempts_stay_at_the_cap()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(30), new Random(1));
        for (var i = 0; i < 1_000; i++) backoff.Next().Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(CloseCode.Normal, false)]
    [InlineData(CloseCode.Malformed, false)]
    [InlineData(CloseCode.Disconnected, false)]
    [InlineData(CloseCode.Unauthenticated, false)]
    [InlineData(CloseCode.GoingAway, true)]
    [InlineData(CloseCode.Binary, true)]
    [InlineData(CloseCode.Lost, true)]
    [InlineData(CloseCode.MessageTooBig, true)]
    [InlineData(CloseCode.Silent, true)]
    [InlineData(CloseCode.LimitsAbused, true)]
    [InlineData(CloseCode.Internal, true)]
    [InlineData((CloseCode)4999, true)]
    public void The_close_code_decides_whether_there_is_another_attempt(CloseCode code, bool again) =>
        (Rules(hasTokenProvider: false).After(new ConnectionEnd(code, "")) is not null).Should().Be(again);

    [Fact]
    public void A_token_provider_gets_one_more_chance_after_4401_and_another_after_each_sign_in()
    {
        var rules = Rules(hasTokenProvider: true);
        rules.After(new ConnectionEnd(CloseCode.Unauthenticated, "")).Should().NotBeNull();
        rules.After(new ConnectionEnd(CloseCode.Unauthenticated, "")).Should().BeNull();
        rules.After(new ConnectionEnd(CloseCode.Unauthenticated, "") { Lived = TimeSpan.FromMinutes(1) }).Should().NotBeNull();
    }

    [Fact]
    public void A_server_that_says_when_to_come_back_is_obeyed() =>
        Rules(false).After(new ConnectionEnd(CloseCode.GoingAway, "") { ComeBackIn = TimeSpan.FromSeconds(7) }).Should().Be(TimeSpan.FromSeconds(7));

    private static ReconnectRules Rules(bool hasTokenProvider) =>
        new(new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), new Random(1)), hasTokenProvider);
}
