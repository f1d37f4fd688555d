using System.Buffers;
using System.Diagnostics;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>More is published than the node has processor time to deliver.</summary>
public sealed class OverloadTests
{
    private const int Readers = 100;
    private const int Messages = 400;
    private const int Outstanding = 32;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(4)]
    [InlineData(40)]
    public async Task Readers_whose_sockets_take_bytes_are_never_served_from_the_store(int publishers)
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        var connections = node.Services.GetRequiredService<IConnectionHandler>();
        var readers = Enumerable.Range(0, Readers).Select(static number => new TakingConnection($"reader-{number}")).ToList();
        var sessions = readers.ConvertAll(reader => Task.Run(() => connections.HandleAsync(reader, CancellationToken.None)));
        foreach (var reader in readers) await reader.Subscribed.WaitAsync(Deadline, TestContext.Current.CancellationToken);

        await Task.WhenAll(Enumerable.Range(0, publishers).Select(number => PublishAsync(node, $"publisher-{number}", Messages / publishers)))
            .WaitAsync(Deadline, TestContext.Current.CancellationToken);

        foreach (var reader in readers) await reader.Reached(Messages).WaitAsync(Deadline, TestContext.Current.CancellationToken);
        readers.Sum(static reader => reader.Pages).Should().Be(0);
        readers.Should().OnlyContain(static reader => reader.IsInOrder);
        foreach (var reader in readers) reader.Abort();
        await Task.WhenAll(sessions).WaitAsync(Deadline, TestContext.Current.CancellationToken);
    }

    // Does not wait for its own messages to come back, only for their acknowledgements: it can run ahead of all readers.
    private static async Task PublishAsync(TestNode node, string user, int count)
    {
        await using var client = await node.ConnectAsync(user);
        var (sent, acknowledged) = (0, 0);
        while (acknowledged < count)
        {
            for (; sent < count && sent - acknowledged < Outstanding; sent++)
                await client.SendAsync(JsonSerializer.Serialize(new
                {
                    type = "publish", id = 10 + sent, channel = "a", message = new { id = Guid.NewGuid(), text = new string('x', 4_000) },
                }));
            (await client.WaitForAsync("published")).GetProperty("id").GetInt64().Should().Be(10 + acknowledged++);
        }
    }

    /// <summary>A socket that takes all bytes at once; each write costs processor time, as a real one does.</summary>
    private sealed class TakingConnection(string user) : ITransportConnection
    {
        private static readonly TimeSpan Cost = TimeSpan.FromMicroseconds(20);

        private readonly Queue<string> _requests = new(["""{"type":"connect","id":1}""", """{"type":"subscribe","id":2,"channel":"a"}"""]);
        private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _version;
        private long _goal = long.MaxValue;

        public ClaimsPrincipal? Principal { get; } = new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "test"));

        public DateTimeOffset? PrincipalExpires => null;

        public string? Token => null;

        public Task Subscribed => _subscribed.Task;

        public int Pages { get; private set; }

        public bool IsInOrder { get; private set; } = true;

        public Task Reached(long version)
        {
            Interlocked.Exchange(ref _goal, version);
            if (Interlocked.Read(ref _version) >= version) _reached.TrySetResult();
            return _reached.Task;
        }

        public async ValueTask<ReceiveResult> ReceiveAsync(IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken)
        {
            if (_requests.TryDequeue(out var request))
            {
                buffer.Write(Encoding.UTF8.GetBytes(request));
                return ReceiveResult.Message;
            }

            await _ended.Task.ConfigureAwait(false);
            return ReceiveResult.Closed;
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            var start = Stopwatch.GetTimestamp();
            foreach (var line in message.Span.Split((byte)'\n'))
                if (!message.Span[line].IsEmpty) Take(message.Span[line]);
            while (Stopwatch.GetElapsedTime(start) < Cost) Thread.SpinWait(20);
            return ValueTask.CompletedTask;
        }

        public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Abort() => _ended.TrySetResult();

        private void Take(ReadOnlySpan<byte> line)
        {
            var reader = new Utf8JsonReader(line);
            using var frame = JsonDocument.ParseValue(ref reader);
            switch (frame.RootElement.GetProperty("type").GetString())
            {
                case "subscribed":
                    _subscribed.TrySetResult();
                    break;
                case "changes":
                    Pages++;
                    Interlocked.Exchange(ref _version, frame.RootElement.GetProperty("version").GetInt64());
                    break;
                case "event":
                    var version = frame.RootElement.GetProperty("version").GetInt64();
                    IsInOrder &= version == Interlocked.Read(ref _version) + 1;
                    Interlocked.Exchange(ref _version, version);
                    break;
            }

            if (Interlocked.Read(ref _version) >= Interlocked.Read(ref _goal)) _reached.TrySetResult();
        }
    }
}
