using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Hosting;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>When a session's refusals end: not before its client can know of them, and not in other channels.</summary>
public sealed class RefusalsTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly SessionChannel _channel = new("a");
    private readonly MessageId _first = new(Guid.NewGuid());
    private TestNode _node = null!;
    private TestClient _client = null!;
    private Session _session = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await TestNode.StartAsync(time: _time);
        _client = await _node.ConnectAsync("ann");
        _session = Engine.Sessions.All.Single();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    private RealtimeNode Engine => _node.Services.GetRequiredService<RealtimeNode>();

    private bool IsRefused => _channel.Refusal is not null;

    [Fact]
    public async Task A_second_refusal_in_a_channel_has_the_reason_and_the_ping_of_the_first()
    {
        _session.Refusals.Begin(_channel, 10, Refusal.Unavailable(_first));
        _session.Refusals.Begin(_channel, 11, new Refusal(ErrorCodes.RateLimited, "Too fast.", 5, new MessageId(Guid.NewGuid())));
        foreach (var id in new[] { 10, 11 }) (await _client.ReplyAsync(id)).GetProperty("code").GetString().Should().Be("unavailable");
        _session.Output.Pings.Should().Be(1);
        await _session.Refusals.PongAsync();
        IsRefused.Should().BeFalse();
    }

    [Fact]
    public async Task The_answer_to_an_earlier_ping_ends_nothing()
    {
        await _session.Refusals.PongAsync();
        using (var reply = _session.Output.Open()) _session.Output.Ping(reply.Buffer);
        _session.Refusals.Begin(_channel, 10, Refusal.Unavailable(_first));
        await _session.Refusals.PongAsync();
        IsRefused.Should().BeTrue();
        await _session.Refusals.PongAsync();
        IsRefused.Should().BeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_sent_before_is_decided_before_a_refusal_ends(bool pong)
    {
        await BeginAsync();
        _session.Outstanding.TryAdd(1).Should().BeTrue();
        var ending = pong ? _session.Refusals.PongAsync().AsTask() : _session.Refusals.TryBeginAgainAsync(_channel, _first).AsTask();
        ending.IsCompleted.Should().BeFalse();
        IsRefused.Should().BeTrue();
        _session.Outstanding.Remove(1);
        await ending;
        IsRefused.Should().BeFalse();
    }

    [Fact]
    public async Task Beginning_again_with_the_first_refused_message_ends_the_refusal_in_that_channel()
    {
        var other = new SessionChannel("b");
        await BeginAsync();
        _session.Refusals.Begin(other, 11, Refusal.Unavailable(new MessageId(Guid.NewGuid())));
        await _client.ReplyAsync(11);
        (await _session.Refusals.TryBeginAgainAsync(_channel, new MessageId(Guid.NewGuid()))).Should().BeFalse("it is not the first");
        (await _session.Refusals.TryBeginAgainAsync(_channel, _first)).Should().BeTrue();
        IsRefused.Should().BeFalse();
        other.Refusal.Should().NotBeNull();
        (await _session.Refusals.TryBeginAgainAsync(_channel, _first)).Should().BeFalse("nothing is refused any more");
    }

    [Fact]
    public async Task What_the_client_cannot_have_read_does_not_end()
    {
        var again = BeginUnwritten();
        (await again).Should().BeFalse();
        IsRefused.Should().BeTrue();
        await _client.ReplyAsync(10);
        _session.Refusals.ExpireWhenQuiet();
        IsRefused.Should().BeFalse("two seconds have passed, and it is written");

        // Whoever writes replies holds up the write.
        ValueTask<bool> BeginUnwritten()
        {
            using var reply = _session.Output.Open();
            _session.Refusals.Begin(_channel, 10, Refusal.Unavailable(_first));
            Pass(TimeSpan.FromSeconds(2));
            _session.Refusals.ExpireWhenQuiet();
            return _session.Refusals.TryBeginAgainAsync(_channel, _first);
        }
    }

    [Fact]
    public async Task Refusals_end_two_seconds_after_the_last_one_when_nothing_is_under_way()
    {
        await BeginAsync();
        Pass(TimeSpan.FromMilliseconds(1_500));
        _session.Refusals.Begin(_channel, 11, Refusal.Unavailable(_first));
        await _client.ReplyAsync(11);
        Pass(TimeSpan.FromMilliseconds(1_999));
        _session.Refusals.ExpireWhenQuiet();
        IsRefused.Should().BeTrue();
        Pass(TimeSpan.FromMilliseconds(1));
        _session.Outstanding.TryAdd(1).Should().BeTrue();
        _session.Refusals.ExpireWhenQuiet();
        IsRefused.Should().BeTrue("a publish is under way");
        _session.Outstanding.Remove(1);
        _session.Refusals.ExpireWhenQuiet();
        IsRefused.Should().BeFalse();
    }

    private async Task BeginAsync()
    {
        _session.Refusals.Begin(_channel, 10, Refusal.Unavailable(_first));
        await _client.ReplyAsync(10);
    }

    private void Pass(TimeSpan duration)
    {
        _time.Advance(duration);
        Engine.Clock.Tick();
    }
}
