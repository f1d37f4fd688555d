using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Keeps the inbox open over connections: asks for it on each, with the cursor of the one before.</summary>
internal sealed class InboxKeeper(RealtimeClientOptions options, RequestIds ids, RequestTable requests, ILogger logger) : IConnectionPart
{
    private readonly Lock _gate = new();
    private readonly Backoff _backoff = new(options.ReconnectDelay, options.MaxReconnectDelay, options.Random);
    private ServerConnection? _connection;
    private RealtimeException? _closed;
    private RealtimeInbox? _inbox;
    private TaskCompletionSource<RealtimeInbox>? _opening;
    private string? _cursor;
    private long _asked;
    private bool _follows;

    /// <summary>Whether the client has all rows.</summary>
    public bool IsLevel { get; private set; }

    /// <summary>Opens the inbox, and ends when it is level.</summary>
    public Task<RealtimeInbox> OpenAsync()
    {
        lock (_gate)
        {
            if (_closed is not null) throw new RealtimeException(_closed.Code, _closed.Message);
            if (_inbox is not null && IsLevel) return Task.FromResult(_inbox);
            _opening ??= new TaskCompletionSource<RealtimeInbox>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_inbox is null)
            {
                _inbox = new RealtimeInbox(this, logger);
                AskLocked();
            }

            return _opening.Task;
        }
    }

    /// <summary>Closes an inbox, if it is the present one.</summary>
    public void Close(RealtimeInbox inbox)
    {
        lock (_gate)
        {
            if (_inbox != inbox) return;
            EndLocked(new RealtimeException(ClientErrorCodes.Closed, "The inbox was closed."));
            if (_connection is null) return;
        }

        // Nobody waits for the answer, and a connection that is lost meanwhile has closed it as well.
        _ = IgnoreAsync(requests.SendAsync<OkFrame>(static (output, id) => ClientRequests.CloseInbox(output, id), repeat: false, CancellationToken.None));
    }

    public void Attach(ServerConnection connection, ConnectedFrame connected)
    {
        lock (_gate)
        {
            _connection = connection;
            _backoff.Reset();
            AskLocked();
        }
    }

    public void Pause(ServerConnection connection)
    {
        lock (_gate)
            if (_connection == connection) _connection = null;
    }

    public void Detach()
    {
        lock (_gate)
        {
            _connection = null;
            _asked = 0;
            IsLevel = _follows = false;
        }
    }

    public void Close(RealtimeException? error)
    {
        lock (_gate)
        {
            _closed = error ?? new RealtimeException(ClientErrorCodes.Closed, "The client is closed.");
            EndLocked(_closed);
        }
    }

    public bool TryTake(ServerReply reply)
    {
        lock (_gate)
        {
            if (_asked == 0 || reply.Id != _asked) return false;
            _asked = 0;
            if (_inbox is null) return true;
            if (reply is InboxReply opened)
            {
                _follows = true;
                _cursor = opened.Cursor;
                _inbox.Begin(opened);
                return true;
            }

            var error = reply is ErrorFrame refusal ? RealtimeException.From(refusal) : new RealtimeException(ErrorCodes.Internal, "An unknown reply came.");
            if (ErrorCodes.IsTransient(error.Code) || error.Code == ErrorCodes.Internal) _ = AskLaterAsync(_connection, error.RetryAfter);
            else EndLocked(error);
            return true;
        }
    }

    /// <summary>Takes rows.</summary>
    public void Take(InboxRowsFrame frame)
    {
        lock (_gate)
        {
            if (_inbox is null || !_follows) return;
            _inbox.Take(frame);
            _cursor = frame.Cursor;
            if (frame.More) return;
            IsLevel = true;
            _opening?.TrySetResult(_inbox);
            _opening = null;
        }
    }

    private void AskLocked()
    {
        if (_connection is null || _inbox is null || _asked != 0) return;
        _asked = ids.Next();
        using var buffer = new FrameBuffer();
        ClientRequests.Inbox(buffer, _asked, _cursor);
        _connection.Post(buffer.WrittenSpan.ToArray());
    }

    private void EndLocked(RealtimeException error)
    {
        _inbox = null;
        _cursor = null;
        _asked = 0;
        IsLevel = _follows = false;
        _opening?.TrySetException(error);
        _ = _opening?.Task.Exception; // The caller may have stopped waiting.
        _opening = null;
    }

    private async Task AskLaterAsync(ServerConnection? connection, TimeSpan? wait)
    {
        var pause = _backoff.Next();
        await Task.Delay(wait > pause ? wait.Value : pause, options.TimeProvider).ConfigureAwait(false);
        lock (_gate)
            if (_connection == connection) AskLocked();
    }

    private static async Task IgnoreAsync(Task<OkFrame> closing)
    {
        try
        {
            await closing.ConfigureAwait(false);
        }
        catch (Exception e) when (e is RealtimeException or TimeoutException)
        {
            // Closed with the connection.
        }
    }
}
