using System.Buffers;
using System.Collections.Concurrent;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>What the connection of an application's own may do, and what its failures mean.</summary>
public sealed class ConnectionFactoryTests
{
    private static readonly Uri Endpoint = new("ws://localhost/realtime");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_platform_without_connections_is_final()
    {
        var opened = 0;
        await using var client = Clients.Make(Endpoint, options => options.ConnectionFactory = (_, _) =>
        {
            opened++;
            throw new PlatformNotSupportedException("There are no sockets here.");
        });
        (await client.ConnectAsync(Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>())
            .Which.Message.Should().Contain("There are no sockets here.");
        client.State.Status.Should().Be(ConnectionStatus.Closed);
        client.State.Reason.Should().Be("There are no sockets here.");
        opened.Should().Be(1);
    }

    [Theory]
    [InlineData(ErrorCodes.Unauthenticated, CloseCode.Unauthenticated)]
    [InlineData(ErrorCodes.Forbidden, CloseCode.Disconnected)]
    public async Task A_refusal_is_final(string code, CloseCode closeCode)
    {
        await using var client = Clients.Make(Endpoint, options => options.ConnectionFactory = (_, _) => throw new RealtimeException(code, "No."));
        await client.ConnectAsync(Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
        client.State.CloseCode.Should().Be(closeCode);
    }

    [Fact]
    public async Task Any_other_failure_is_tried_again()
    {
        var opened = 0;
        await using var client = Clients.Make(Endpoint, options => options.ConnectionFactory = (_, _) =>
        {
            Interlocked.Increment(ref opened);
            throw new InvalidOperationException("Incomplete handshake.");
        });
        _ = client.ConnectAsync(Token);
        await Eventually.TrueAsync(() => Volatile.Read(ref opened) > 2, "it is tried again");
    }

    [Fact]
    public async Task A_connection_that_opens_too_late_is_disposed_of()
    {
        var (asked, opening) = (new TaskCompletionSource(), new TaskCompletionSource<IClientConnection>());
        await using var client = Clients.Make(Endpoint, options => options.ConnectionFactory = (_, _) =>
        {
            asked.TrySetResult();
            return new ValueTask<IClientConnection>(opening.Task);
        });
        _ = client.ConnectAsync(Token);
        await asked.Task.InTime();
        await client.CloseAsync().InTime();
        var late = new BrokenConnection();
        opening.SetResult(late);
        await Eventually.TrueAsync(() => late.Disposals > 0, "it is disposed of");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_throws_anything_is_a_lost_one(bool receiving)
    {
        var connections = new ConcurrentQueue<BrokenConnection>();
        await using var client = Clients.Make(Endpoint, options => options.ConnectionFactory = (_, _) =>
        {
            var connection = new BrokenConnection { FailsReceiving = receiving };
            connections.Enqueue(connection);
            return ValueTask.FromResult<IClientConnection>(connection);
        });
        var waiting = client.NextAsync(ConnectionStatus.Waiting);
        _ = client.ConnectAsync(Token);
        (await waiting).CloseCode.Should().Be(CloseCode.Lost);
        await Eventually.TrueAsync(() => connections.Count > 2, "it connects again");
        connections.First().Disposals.Should().BeGreaterThan(0);
    }

    [Fact]
    public async Task A_logger_that_throws_ends_nothing()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options => options.LoggerFactory = new ThrowingLogger());
        _ = client.ConnectAsync(Token);
        await (await server.AcceptSignedInAsync()).CutAsync();
        await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
        await client.CloseAsync().InTime();
    }

    [Fact]
    public void A_factory_and_the_configuration_of_a_socket_exclude_each_other() =>
        FluentActions.Invoking(() => Clients.Make(Endpoint, options =>
        {
            options.ConnectionFactory = (_, _) => throw new NotSupportedException();
            options.ConfigureWebSocket = _ => { };
        })).Should().Throw<ArgumentException>().WithMessage("*ConnectionFactory*");

    [Fact]
    public async Task Names_of_users_are_those_of_identity_providers()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        string[] names = ["auth0|5f7c", "ann+tag@example.com", """CORP\ann""", "CN=Ann Lee,O=x", "a b", "\"~!"];
        var creating = client.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Channel = "c", Members = names }, Token);
        var create = await connection.ReadAsync("create");
        create.Json.GetProperty("members").EnumerateArray().Select(name => name.GetString()).Should().Equal(names);
        await connection.SendAsync($$"""{"type":"ok","id":{{create.Id}},"channel":"c"}""");
        await creating.InTime();
        foreach (var name in new[] { "", " a", "a ", "é", "a\n", new string('x', 129) })
        {
            await client.Invoking(c => c.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Members = [name] }, Token)).Should().ThrowAsync<ArgumentException>();
            await client.Channel("c").Invoking(c => c.MembersAsync(name, cancellationToken: Token)).Should().ThrowAsync<ArgumentException>();
            await client.Channel("c").Invoking(c => c.SendAsync(new OutgoingMessage { Text = "x", Mentions = [name] }, Token)).Should().ThrowAsync<ArgumentException>();
            await client.Channel("c").Invoking(c => c.EditAsync(1, new MessageEdit { Mentions = [name] }, Token)).Should().ThrowAsync<ArgumentException>();
        }

        await client.Invoking(c => c.CreateAsync(new ChannelDefinition(ChannelKind.Public) { Channel = "a b" }, Token)).Should().ThrowAsync<ArgumentException>();
    }

    private sealed class BrokenConnection : IClientConnection
    {
        private readonly TaskCompletionSource<bool> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _disposals;

        public bool FailsReceiving { get; init; }

        public int Disposals => Volatile.Read(ref _disposals);

        public CloseCode? CloseCode => null;

        public string? CloseReason => null;

        public ValueTask<bool> ReceiveAsync(IBufferWriter<byte> buffer, CancellationToken cancellationToken) =>
            FailsReceiving ? throw new NotSupportedException("mine") : new ValueTask<bool>(_received.Task);

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => throw new NotSupportedException("mine");

        public ValueTask CloseAsync(CancellationToken cancellationToken) => throw new NotSupportedException("mine");

        public void Dispose()
        {
            Interlocked.Increment(ref _disposals);
            _received.TrySetResult(false);
        }
    }

    private sealed class ThrowingLogger : Microsoft.Extensions.Logging.ILoggerFactory, Microsoft.Extensions.Logging.ILogger
    {
        public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(Microsoft.Extensions.Logging.ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(
            Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => throw new InvalidOperationException("mine");
    }
}
