using System.Text.Json;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>
/// An inbox of a bare client. Now and then it gives its connection up and goes on by the cursor, or by an older one: both must bring what it
/// lacks.
/// </summary>
internal sealed class RawInbox(string name, string user, IWay way, int seed, Scene scene) : IInboxReader
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();
    private readonly InboxFold _fold = new(name, scene.Findings);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RawConnection? _connection;
    private Task _running = Task.CompletedTask;
    private bool _goesBack;

    public string Name => name;

    public string User => user;

    public InboxPicture? Picture
    {
        get
        {
            lock (_gate) return _fold.IsLevel ? _fold.Picture : null;
        }
    }

    public Task FollowAsync()
    {
        _running = RunAsync();
        return _opened.Task;
    }

    /// <summary>Keeps what it has.</summary>
    public void Keep()
    {
        lock (_gate) _fold.Keep();
    }

    /// <summary>Gives up its connection, and goes on from what it kept.</summary>
    public async Task GoBackAsync()
    {
        RawConnection? connection;
        lock (_gate) (connection, _goesBack) = (_connection, true);
        if (connection is not null) await connection.AbortAsync();
    }

    /// <summary>Keeps what it has, or gives up its connection: then it goes on from there, or from what it kept.</summary>
    public async Task MoveAsync()
    {
        RawConnection? connection;
        lock (_gate)
        {
            if (_random.Next(2) == 0)
            {
                _fold.Keep();
                return;
            }

            connection = _connection;
        }

        if (connection is not null) await connection.AbortAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var link = await RawConnection.OpenAsync(way.ConnectAsync, scene.Time, Take);
                using var stopped = _stopping.Token.Register(() => _ = link.AbortAsync());
                await UseAsync(link);
            }
            catch (ConnectionLostException e)
            {
                scene.Story.Tell($"{name} could not connect: {e.Message}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 800)), scene.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task UseAsync(RawConnection link)
    {
        lock (_gate)
        {
            _connection = link;
            if (_goesBack || _random.Next(3) == 0) _fold.GoBack();
            _goesBack = false;
        }

        try
        {
            while (true)
            {
                Dictionary<string, object?> fields = [];
                lock (_gate)
                    if (_fold.Cursor is { } cursor) fields["after"] = cursor;
                var reply = await link.RequestAsync("inbox", fields);
                if (RawConnection.Type(reply) == "inbox") break;
                if (!Codes.IsForNow(RawCaller.Code(reply)))
                {
                    scene.Findings.Violate(Check.Inbox, $"{name}: the inbox was refused with {reply}");
                    await Task.Delay(TimeSpan.FromSeconds(1), scene.Time, link.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 300)), scene.Time, link.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            _opened.TrySetResult();
        }
        catch (ConnectionLostException)
        {
            await link.AbortAsync();
        }

        await link.Running;
        lock (_gate)
        {
            _fold.Pause();
            _connection = null;
        }
    }

    // Called by the receiving side, one frame after another.
    private void Take(RawConnection link, string type, JsonElement frame)
    {
        lock (_gate)
        {
            if (type == "reconnect") _ = link.AbortAsync();
            if (type != "inbox") return;
            if (frame.TryGetProperty("reset", out _)) _fold.Begin(frame);
            else _fold.Take(frame);
        }
    }
}
