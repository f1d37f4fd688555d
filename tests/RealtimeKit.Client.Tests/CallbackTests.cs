using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;

namespace RealtimeKit.Client.Tests;

/// <summary>The application's code may block, throw, or close the client: the client itself never waits for it.</summary>
public sealed class CallbackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ConnectionStatus.Connecting)]
    [InlineData(ConnectionStatus.Connected)]
    [InlineData(ConnectionStatus.Waiting)]
    public async Task A_handler_that_blocks_on_closing_gets_its_end(ConnectionStatus status)
    {
        await using var server = await ScriptedServer.StartAsync();
        if (status == ConnectionStatus.Waiting) server.RefuseWith = 503;
        var client = Clients.Make(server.Endpoint);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StateChanged += (_, state) =>
        {
            if (state.Status != status) return;
            Block(client.CloseAsync());
            closed.TrySetResult();
        };
        _ = client.ConnectAsync(Token);
        if (status == ConnectionStatus.Connected) await server.AcceptSignedInAsync();
        await closed.Task.InTime();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Fact]
    public async Task A_token_provider_that_blocks_on_closing_gets_its_end()
    {
        await using var server = await ScriptedServer.StartAsync();
        var made = new StrongBox<RealtimeClient>();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = Clients.Make(server.Endpoint, options => options.TokenProvider = _ =>
        {
            Block(made.Value!.CloseAsync());
            closed.TrySetResult();
            return ValueTask.FromResult<string?>("token");
        });
        made.Value = client;
        _ = client.ConnectAsync(Token);
        await closed.Task.InTime();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Fact]
    public async Task A_token_provider_that_blocks_on_closing_when_it_is_asked_to_refresh_gets_its_end()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        var (asked, made) = (0, new StrongBox<RealtimeClient>());
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = Clients.Make(server.Endpoint, options =>
        {
            options.TimeProvider = time;
            options.TokenProvider = _ =>
            {
                if (Interlocked.Increment(ref asked) == 2)
                {
                    Block(made.Value!.CloseAsync());
                    closed.TrySetResult();
                }

                return ValueTask.FromResult<string?>("token");
            };
        });
        made.Value = client;
        _ = client.ConnectAsync(Token);
        await server.AcceptSignedInAsync(",\"expires\":\"2026-01-01T00:00:20.000Z\"");
        await client.UntilAsync(ConnectionStatus.Connected);
        // The clock moves from another thread: a provider that is called by its timer would block this test.
        _ = Task.Run(async () =>
        {
            while (!closed.Task.IsCompleted)
            {
                _ = Task.Run(() => time.Advance(TimeSpan.FromMilliseconds(500)));
                await Task.Delay(5);
            }
        }, Token);
        await closed.Task.InTime();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Fact]
    public async Task What_a_token_provider_does_when_it_is_no_longer_waited_for_delays_no_end()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var release = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = Clients.Make(server.Endpoint, options => options.TokenProvider = async cancellationToken =>
        {
            await Task.Yield();
            cancellationToken.Register(() => release.Wait(Eventually.Deadline));
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, CancellationToken.None).WaitAsync(Token);
            return null;
        });
        _ = client.ConnectAsync(Token);
        await asked.Task.InTime();
        await Task.Run(client.CloseAsync, Token).InTime();
        release.Set();
    }

    [Fact]
    public async Task A_configuration_that_blocks_on_closing_gets_its_end()
    {
        await using var server = await ScriptedServer.StartAsync();
        var made = new StrongBox<RealtimeClient>();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = Clients.Make(server.Endpoint, options => options.ConfigureWebSocket = _ =>
        {
            Block(made.Value!.CloseAsync());
            closed.TrySetResult();
        });
        made.Value = client;
        _ = client.ConnectAsync(Token);
        await closed.Task.InTime();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_slow_handler_gets_every_change_in_order()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var (states, release) = (new ConcurrentQueue<ConnectionStatus>(), new TaskCompletionSource());
        client.StateChanged += (_, state) =>
        {
            Block(release.Task);
            states.Enqueue(state.Status);
        };
        var connecting = client.ConnectAsync(TestContext.Current.CancellationToken);
        var first = await server.AcceptSignedInAsync();
        await connecting.InTime();
        await first.CutAsync();
        await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
        await client.CloseAsync().InTime();
        release.SetResult();
        await Eventually.TrueAsync(() => states.LastOrDefault() == ConnectionStatus.Closed, "the last change is raised");
        states.Should().Equal(
            ConnectionStatus.Connecting, ConnectionStatus.Connected, ConnectionStatus.Waiting,
            ConnectionStatus.Connecting, ConnectionStatus.Connected, ConnectionStatus.Closed);
    }

    [Fact]
    public async Task A_handler_that_throws_hides_nothing_from_the_others()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        client.StateChanged += (_, _) => throw new InvalidOperationException("mine");
        var next = client.NextAsync(ConnectionStatus.Connected);
        _ = client.ConnectAsync(Token);
        await server.AcceptSignedInAsync();
        await next;
    }

#pragma warning disable xUnit1031 // Blocking is what these tests are about; the deadline stands in the test.
    private static void Block(Task task) => task.GetAwaiter().GetResult();
#pragma warning restore xUnit1031
}
