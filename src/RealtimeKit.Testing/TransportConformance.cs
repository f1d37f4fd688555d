using System.Buffers;
using System.Threading.Channels;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>What every transport must do: carry whole messages in order, hold nothing while idle, and tell how it ended.</summary>
public abstract class TransportConformance
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Opens a connection whose near end the transport hands to <paramref name="handler"/>.</summary>
    protected abstract ValueTask<ITransportPeer> ConnectAsync(IConnectionHandler handler, CancellationToken cancellationToken);

    /// <summary>Messages arrive whole and in order, in both directions, the largest too.</summary>
    [Fact]
    public Task MessagesArriveWholeAndInOrder() => RunAsync(async (near, peer, cancel) =>
    {
        int[] sizes = [1, 125, 126, 65_535, 65_536, ProtocolConstants.MaxMessageBytes, 2];
        var sending = SendAllAsync(peer, sizes, cancel);
        foreach (var size in sizes)
        {
            var buffer = new ArrayBufferWriter<byte>();
            Assert.Equal(ReceiveResult.Message, await near.ReceiveAsync(buffer, ProtocolConstants.MaxMessageBytes, cancel));
            Assert.Equal(Payload(size), buffer.WrittenMemory.ToArray());
        }

        await sending;
        var answering = Task.Run(async () =>
        {
            foreach (var size in sizes) await near.SendAsync(Payload(size), cancel);
        }, cancel);
        foreach (var size in sizes) Assert.Equal(Payload(size), await peer.ReceiveAsync(cancel));
        await answering;
    });

    /// <summary>A message over the limit is told as too big and not held.</summary>
    [Fact]
    public Task MessageOverTheLimitIsTooBig() => RunAsync(async (near, peer, cancel) =>
    {
        var sending = Ignore(peer.SendAsync(Payload(ProtocolConstants.MaxMessageBytes + 1), cancel).AsTask());
        var buffer = new ArrayBufferWriter<byte>();
        Assert.Equal(ReceiveResult.TooBig, await near.ReceiveAsync(buffer, ProtocolConstants.MaxMessageBytes, cancel));
        Assert.True(buffer.WrittenCount <= ProtocolConstants.MaxMessageBytes + 1);
        near.Abort();
        await sending;
    });

    /// <summary>The receiver's own limit holds, and no memory is asked for beyond it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    [InlineData(ProtocolConstants.MaxFrameBytes)]
    [InlineData(ProtocolConstants.MaxMessageBytes)]
    public Task NoMemoryIsTakenBeyondTheLimit(int limit) => RunAsync(async (near, peer, cancel) =>
    {
        var buffer = new BoundedBuffer(limit);
        var sending = peer.SendAsync(Payload(limit), cancel).AsTask();
        Assert.Equal(ReceiveResult.Message, await near.ReceiveAsync(buffer, limit, cancel));
        Assert.Equal(limit, buffer.Written);
        await sending;
        buffer = new BoundedBuffer(limit);
        sending = Ignore(peer.SendAsync(Payload(limit + 1), cancel).AsTask());
        Assert.Equal(ReceiveResult.TooBig, await near.ReceiveAsync(buffer, limit, cancel));
        near.Abort();
        await sending;
    });

    /// <summary>While nothing has arrived no memory is taken.</summary>
    [Fact]
    public Task IdleConnectionHoldsNoMemory() => RunAsync(async (near, peer, cancel) =>
    {
        var buffer = new WatchedBuffer();
        var receiving = near.ReceiveAsync(buffer, ProtocolConstants.MaxMessageBytes, cancel).AsTask();
        await near.SendAsync("still here"u8.ToArray(), cancel);
        Assert.NotNull(await peer.ReceiveAsync(cancel));
        Assert.False(receiving.IsCompleted);
        Assert.False(buffer.WasAsked);
        await peer.SendAsync("x"u8.ToArray(), cancel);
        Assert.Equal(ReceiveResult.Message, await receiving);
        Assert.True(buffer.WasAsked);
    });

    /// <summary>The peer learns the code of a close, after what was sent before it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task PeerLearnsTheCloseCode(bool peerSpokeFirst) => RunAsync(async (near, peer, cancel) =>
    {
        if (peerSpokeFirst) await HearAsync(near, peer, cancel);
        await near.SendAsync("last words"u8.ToArray(), cancel);
        await near.CloseAsync(CloseCode.Disconnected, "test", cancel);
        Assert.Equal("last words"u8.ToArray(), await peer.ReceiveAsync(cancel));
        Assert.Null(await peer.ReceiveAsync(cancel));
        Assert.Equal(CloseCode.Disconnected, peer.CloseCode);
        Assert.Equal(ReceiveResult.Closed, await near.ReceiveAsync(new ArrayBufferWriter<byte>(), ProtocolConstants.MaxMessageBytes, cancel));
    });

    /// <summary>A reason that is too long for the transport is shortened, and does not hide the code.</summary>
    [Fact]
    public Task ALongReasonDoesNotHideTheCode() => RunAsync(async (near, peer, cancel) =>
    {
        await near.CloseAsync(CloseCode.Disconnected, string.Concat(Enumerable.Repeat("Спасибо 👋 ", 50)), cancel);
        Assert.Null(await peer.ReceiveAsync(cancel));
        Assert.Equal(CloseCode.Disconnected, peer.CloseCode);
    });

    /// <summary>A peer that closes, or is gone, ends a pending receive.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task PeersEndIsNoticed(bool orderly) => RunAsync(async (near, peer, cancel) =>
    {
        var receiving = near.ReceiveAsync(new ArrayBufferWriter<byte>(), ProtocolConstants.MaxMessageBytes, cancel).AsTask();
        if (orderly) await peer.CloseAsync(cancel);
        else peer.Abort();
        Assert.Equal(ReceiveResult.Closed, await receiving);
    });

    /// <summary>An abort ends a pending receive, and sending fails from then on.</summary>
    [Fact]
    public Task AbortEndsEverything() => RunAsync(async (near, _, cancel) =>
    {
        // Without a token, as the engine receives: the abort alone has to end it.
        var receiving = near.ReceiveAsync(new ArrayBufferWriter<byte>(), ProtocolConstants.MaxMessageBytes, CancellationToken.None).AsTask();
        near.Abort();
        await Ignore(receiving).WaitAsync(cancel);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            // What is on its way may still pass.
            while (true) await near.SendAsync(Payload(1_024), cancel);
        });
    });

    /// <summary>The connection ends when its handler does; an abort that comes later does nothing, and does not fail.</summary>
    [Fact]
    public Task AbortAfterTheEndDoesNothing() => RunAsync(async (handler, near, peer, cancel) =>
    {
        handler.Done.TrySetResult();
        await Ignore(peer.ReceiveAsync(cancel).AsTask());
        Assert.False(cancel.IsCancellationRequested, "The peer did not learn that the connection has ended.");
        near.Abort();
    });

    /// <summary>A peer that does not read is waited for, without blocking: nothing is buffered without bound, and all of it comes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task SendWaitsForAPeerThatDoesNotRead(bool peerSpokeFirst) => RunAsync(async (near, peer, cancel) =>
    {
        if (peerSpokeFirst) await HearAsync(near, peer, cancel);
        // More than the buffers of any network between the two.
        const int messages = 256;
        var payload = Payload(ProtocolConstants.MaxMessageBytes);
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sending = Task.Run(async () =>
        {
            for (var sent = 0; sent < messages; sent++)
            {
                var send = near.SendAsync(payload, cancel);
                if (!send.IsCompleted) waits.TrySetResult();
                await send;
            }
        }, cancel);
        Assert.NotNull(await peer.ReceiveAsync(cancel));
        await waits.Task.WaitAsync(cancel);
        Assert.False(sending.IsCompleted);
        for (var received = 1; received < messages; received++) Assert.True(await peer.ReceiveAsync(cancel) is { } message && payload.AsSpan().SequenceEqual(message));
        await sending;
    });

    /// <summary>An abort ends a send that waits for a peer that does not read.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task AbortEndsASendThatWaits(bool peerSpokeFirst) => RunAsync(async (near, peer, cancel) =>
    {
        if (peerSpokeFirst) await HearAsync(near, peer, cancel);
        Task send;
        do
        {
            send = near.SendAsync(Payload(ProtocolConstants.MaxMessageBytes), CancellationToken.None).AsTask();
            // A send that passes has ended by itself soon; one that waits goes on waiting.
            await Task.WhenAny(send, Task.Delay(TimeSpan.FromMilliseconds(100), cancel));
        }
        while (send.IsCompletedSuccessfully);
        near.Abort();
        await Ignore(send).WaitAsync(cancel);
    });

    // Some transports send in another way once they know that their peer listens.
    private static async Task HearAsync(ITransportConnection near, ITransportPeer peer, CancellationToken cancel)
    {
        await peer.SendAsync("hello"u8.ToArray(), cancel);
        Assert.Equal(ReceiveResult.Message, await near.ReceiveAsync(new ArrayBufferWriter<byte>(), ProtocolConstants.MaxMessageBytes, cancel));
    }

    private static async Task SendAllAsync(ITransportPeer peer, int[] sizes, CancellationToken cancel)
    {
        foreach (var size in sizes) await peer.SendAsync(Payload(size), cancel);
    }

    private static byte[] Payload(int size)
    {
        var payload = new byte[size];
        for (var i = 0; i < size; i++) payload[i] = (byte)('a' + ((i + size) % 26));
        return payload;
    }

    private static async Task Ignore(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            // The connection was broken on purpose.
        }
    }

    private Task RunAsync(Func<ITransportConnection, ITransportPeer, CancellationToken, Task> test) =>
        RunAsync((_, near, peer, cancel) => test(near, peer, cancel));

    private async Task RunAsync(Func<Handler, ITransportConnection, ITransportPeer, CancellationToken, Task> test)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        var handler = new Handler();
        await using var peer = await ConnectAsync(handler, deadline.Token);
        var near = await handler.Connections.Reader.ReadAsync(deadline.Token);
        try
        {
            await test(handler, near, peer, deadline.Token);
        }
        finally
        {
            near.Abort();
            handler.Done.TrySetResult();
        }
    }

    private sealed class Handler : IConnectionHandler
    {
        public Channel<ITransportConnection> Connections { get; } = Channel.CreateBounded<ITransportConnection>(1);

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAccepting => true;

        public Task HandleAsync(ITransportConnection connection, CancellationToken cancellationToken)
        {
            Connections.Writer.TryWrite(connection);
            return Done.Task;
        }
    }

    private sealed class BoundedBuffer(int limit) : IBufferWriter<byte>
    {
        private readonly byte[] _bytes = new byte[limit];

        public int Written { get; private set; }

        public void Advance(int count) => Written += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Assert.True(sizeHint <= limit - Written, $"{sizeHint} bytes were asked for where {limit - Written} were left.");
            return _bytes.AsMemory(Written);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }

    private sealed class WatchedBuffer : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> _inner = new();

        public bool WasAsked { get; private set; }

        public void Advance(int count) => _inner.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            WasAsked = true;
            return _inner.GetMemory(sizeHint);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            WasAsked = true;
            return _inner.GetSpan(sizeHint);
        }
    }
}
