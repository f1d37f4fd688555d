using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Transports;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What a user may make so many of in a time, and what becomes of who makes more.</summary>
public sealed class RateLimitTests
{
    // Two at once, and in the time of a test no third.
    private static readonly RateLimit Two = new(0.001, 2);

    private long _id = 1_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Requests => new()
    {
        { nameof(RateLimits.Posts), """{"type":"publish","id":#,"channel":"a","message":{"id":"$","text":"x"} }""" },
        { nameof(RateLimits.Changes), """{"type":"react","id":#,"channel":"a","sequence":1,"reaction":"+1"}""" },
        { nameof(RateLimits.Changes), """{"type":"edit","id":#,"channel":"a","sequence":1,"text":"y"}""" },
        { nameof(RateLimits.Changes), """{"type":"delete","id":#,"channel":"a","sequence":1}""" },
        { nameof(RateLimits.Changes), """{"type":"join","id":#,"channel":"a"}""" },
        { nameof(RateLimits.Changes), """{"type":"create","id":#,"kind":"public"}""" },
        { nameof(RateLimits.Changes), """{"type":"ban","id":#,"channel":"a","user":"bob"}""" },
        { nameof(RateLimits.Signals), """{"type":"signal","id":#,"channel":"a","name":"typing"}""" },
        { nameof(RateLimits.Signals), """{"type":"read","id":#,"channel":"a","sequence":1}""" },
        { nameof(RateLimits.Reads), """{"type":"history","id":#,"channel":"a"}""" },
        { nameof(RateLimits.Reads), """{"type":"members","id":#,"channel":"a"}""" },
        { nameof(RateLimits.Reads), """{"type":"channels","id":#}""" },
        { nameof(RateLimits.Reads), """{"type":"presence","id":#,"channel":"a"}""" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task The_third_of_two_comes_too_soon_on_every_connection_of_the_user_and_of_that_kind_alone(string kind, string request)
    {
        await using var node = await StartAsync(kind);
        await using (var ann = await node.ConnectAsync("ann"))
        {
            (await CodesAsync(ann, request, 3)).Should().HaveCount(3).And.ContainSingle(code => code == "rate_limited").And.EndWith("rate_limited");
            // A request of another kind has its own count.
            var other = kind == nameof(RateLimits.Reads) ? """{"type":"signal","id":#,"channel":"a","name":"typing"}""" : """{"type":"history","id":#,"channel":"a"}""";
            (await CodesAsync(ann, other, 3)).Should().NotContain("rate_limited");
        }

        await using var again = await node.ConnectAsync("ann");
        (await CodesAsync(again, request, 1)).Should().Equal("rate_limited");
        await using var bob = await node.ConnectAsync("bob");
        (await CodesAsync(bob, request, 1)).Should().NotContain("rate_limited");
    }

    [Fact]
    public async Task Whoever_waits_as_long_as_was_said_may_go_on()
    {
        await using var node = await TestNode.StartAsync(configure: options => options.RateLimits.Reads = new RateLimit(4, 1));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        const string request = """{"type":"history","id":#,"channel":"a"}""";
        (await CodesAsync(ann, request, 1)).Should().Equal("history");
        JsonElement answer;
        var waits = 0;
        while (Code(answer = await AskAsync(ann, request, 10 + waits)) == "rate_limited")
        {
            answer.GetProperty("retryAfter").GetInt32().Should().BeInRange(100, 1_000);
            (++waits).Should().BeLessThan(20);
            await Task.Delay(TimeSpan.FromMilliseconds(answer.GetProperty("retryAfter").GetInt32()), TimeProvider.System, Cancel);
        }

        waits.Should().BePositive();
        Code(answer).Should().Be("history");
    }

    [Fact]
    public async Task Whoever_takes_no_notice_is_closed()
    {
        await using var node = await StartAsync(nameof(RateLimits.Reads));
        await using var mallory = await node.ConnectAsync("mallory");
        for (var id = 2; id < 1_002 + 2 + 1; id++) await mallory.SendAsync($$"""{"type":"channels","id":{{id}}}""");
        (await mallory.ClosedAsync()).Should().Be(CloseCode.LimitsAbused);
    }

    [Fact]
    public async Task The_hosts_own_limiter_decides_alone()
    {
        using var limiter = new Recording();
        await using var node = await TestNode.StartAsync(configure: options => (options.RateLimiter, options.RateLimits.Reads) = (limiter, Two));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        (await CodesAsync(ann, """{"type":"history","id":#,"channel":"a"}""", 5)).Should().NotContain("rate_limited");
        limiter.Refuses = true;
        var refused = await AskAsync(ann, """{"type":"publish","id":#,"channel":"a","message":{"id":"$","text":"x"} }""", 20);
        Code(refused).Should().Be("rate_limited");
        refused.GetProperty("retryAfter").GetInt32().Should().Be(1_000, "the limiter's lease does not say when");
        limiter.Asked.Should().Contain((new RateLimitKey(RequestKind.Read, "ann"), 1)).And.Contain((new RateLimitKey(RequestKind.Post, "ann"), 1));
    }

    [Fact]
    public async Task Refused_sign_ins_from_one_address_end_the_trying_there()
    {
        await using var host = await WebHost.StartAsync(builder =>
        {
            builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>();
            builder.Services.Configure<RealtimeOptions>(options => options.RateLimits.RefusedSignIns = Two);
        });
        (await SignInAsync(host, "ann 4102444800")).Should().Be("connected");
        (await SignInAsync(host, "wrong")).Should().Be("unauthenticated");
        (await SignInAsync(host, "ann 4102444800")).Should().Be("connected", "only refused ones count");
        (await SignInAsync(host, "wrong")).Should().Be("unauthenticated");
        // A part of a permit that comes back meanwhile is none.
        for (var i = 0; i < 30; i++) (await SignInAsync(host, "wrong")).Should().Be("rate_limited");
        (await SignInAsync(host, "ann 4102444800")).Should().Be("rate_limited", "nothing from there is tried any more");
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(double.NaN, 1)]
    [InlineData(1, 0)]
    [InlineData(2_000_000, 1)]
    public async Task A_limit_that_means_nothing_ends_the_start(double perSecond, int burst)
    {
        var start = () => TestNode.StartAsync(configure: options => options.RateLimits.Signals = new RateLimit(perSecond, burst));
        (await start.Should().ThrowAsync<OptionsValidationException>()).WithMessage("*RateLimits*Signal*PerSecond*Burst*");
    }

    private static async Task<TestNode> StartAsync(string kind)
    {
        var node = await TestNode.StartAsync(configure: options => typeof(RateLimits).GetProperty(kind)!.SetValue(options.RateLimits, Two));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await node.Messaging.Messages.SendAsync("a", "first", cancellationToken: Cancel);
        return node;
    }

    private async Task<List<string>> CodesAsync(TestClient client, string request, int count)
    {
        var codes = new List<string>();
        for (var i = 0; i < count; i++) codes.Add(Code(await AskAsync(client, request, Interlocked.Increment(ref _id))));
        return codes;
    }

    private static Task<JsonElement> AskAsync(TestClient client, string request, long id) => client.RequestAsync(
        request.Replace("#", id.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("$", Guid.NewGuid().ToString(), StringComparison.Ordinal), id);

    private static string Code(JsonElement answer) => answer.GetProperty(answer.GetProperty("type").GetString() == "error" ? "code" : "type").GetString()!;

    private static async Task<string> SignInAsync(WebHost host, string token)
    {
        using var socket = await host.ConnectAsync(Cancel);
        await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"type":"connect","id":1,"token":"{{token}}"}"""), WebSocketMessageType.Text, true, Cancel);
        var buffer = new byte[4_096];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
        var first = Encoding.UTF8.GetString(buffer, 0, received.Count).Split('\n')[0];
        return Code(JsonDocument.Parse(first).RootElement);
    }

    private sealed class Recording : PartitionedRateLimiter<RateLimitKey>
    {
        public ConcurrentQueue<(RateLimitKey Key, int Count)> Asked { get; } = new();

        public bool Refuses { get; set; }

        public override RateLimiterStatistics? GetStatistics(RateLimitKey resource) => null;

        protected override RateLimitLease AttemptAcquireCore(RateLimitKey resource, int permitCount)
        {
            Asked.Enqueue((resource, permitCount));
            return new Lease(!Refuses);
        }

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(RateLimitKey resource, int permitCount, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        private sealed class Lease(bool isAcquired) : RateLimitLease
        {
            public override bool IsAcquired => isAcquired;

            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = null;
                return false;
            }
        }
    }
}
