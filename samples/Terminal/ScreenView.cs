using System.Globalization;
using System.Threading.Channels;
using RealtimeKit.Client;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace RealtimeKit.Samples;

/// <summary>The whole terminal: the messages, the state of the connection, and a line to write in.</summary>
internal sealed class ScreenView(Conversation conversation)
{
    private const int Frame = 6; // lines that are not messages

    private readonly Channel<ConsoleKeyInfo> _keys = Channel.CreateUnbounded<ConsoleKeyInfo>();
    private readonly Lock _drawing = new();
    private string _line = "";

    public async Task RunAsync(CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = conversation.RunAsync(ended.Token);
        _ = Task.Factory.StartNew(ReadKeys, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        AnsiConsole.Clear();
        await AnsiConsole.Live(Draw()).AutoClear(true).StartAsync(async screen =>
        {
            void Refresh()
            {
                // One after another, so that the last that is drawn is the last that there was.
                lock (_drawing) screen.UpdateTarget(Draw());
            }

            var typing = TypeAsync(Refresh, ended.Token);
            var showing = ShowAsync(Refresh, ended.Token);
            await Task.WhenAny(typing, showing);
            await ended.CancelAsync();
            await Task.WhenAll(typing, showing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ShowAsync(Action draw, CancellationToken stop)
    {
        await foreach (var _ in conversation.ChangesAsync(stop)) draw();
    }

    private async Task TypeAsync(Action draw, CancellationToken stop)
    {
        while (await _keys.Reader.WaitToReadAsync(stop))
        {
            // What was pasted is drawn once.
            while (_keys.Reader.TryRead(out var key))
            {
                if (key.Key == ConsoleKey.Escape) return;
                Apply(key);
            }

            draw();
        }
    }

    private void Apply(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter when _line.Length > 0:
                conversation.Send(_line);
                _line = "";
                break;
            case ConsoleKey.Backspace when _line.Length > 0:
                var symbols = StringInfo.ParseCombiningCharacters(_line);
                _line = _line[..symbols[^1]];
                break;
            default:
                if (!char.IsControl(key.KeyChar)) _line += key.KeyChar;
                break;
        }
    }

    // It cannot be interrupted: the thread ends with the program.
    private void ReadKeys()
    {
        while (_keys.Writer.TryWrite(Console.ReadKey(intercept: true)));
    }

    private Layout Draw()
    {
        var picture = conversation.Look();
        var state = new Text($"● {picture.State}", Style(picture.Connection.Status));
        var hint = new Text(picture.Problem is { } problem ? Wording.Safe(problem) : "Enter sends, Esc leaves", new Style(Color.Grey)).RightJustified();
        return new Layout().SplitRows(
            new Layout().Update(new Panel(new Rows(Lines(picture))).Header($" #{Markup.Escape(conversation.Channel)} as {Markup.Escape(conversation.Me)} ").RoundedBorder().Expand()),
            new Layout().Size(1).Update(new Columns(state, hint).Expand()),
            new Layout().Size(3).Update(new Panel(new Text($"{_line}▏")).RoundedBorder().Expand()));
    }

    /// <summary>The newest messages that the height has room for, and those that are on their way.</summary>
    private List<IRenderable> Lines(Picture picture)
    {
        var width = Math.Max(20, AnsiConsole.Profile.Width - 4);
        var room = Math.Max(3, AnsiConsole.Profile.Height - Frame);
        var lines = new LinkedList<IRenderable>();
        var all = picture.Messages.Select(message => (Text: $"{Wording.Clock(message)}  {message.Sender}: {Wording.Of(message)}", Style: Look(message.Sender)))
            .Concat(picture.Unsent.Select(text => (Text: $"{"…",-5}  {conversation.Me}: {Wording.Safe(text)}", Style: new Style(Color.Grey))));
        foreach (var (text, style) in all.Reverse())
        {
            room -= 1 + (text.Length / width);
            if (room < 0) break;
            lines.AddFirst(new Text(text, style));
        }

        return [.. lines];
    }

    private Style Look(string sender) => sender == conversation.Me ? new Style(Color.Aqua) : Spectre.Console.Style.Plain;

    private static Style Style(ConnectionStatus status) => new(status switch
    {
        ConnectionStatus.Connected => Color.Green,
        ConnectionStatus.Waiting or ConnectionStatus.Closed => Color.Red,
        _ => Color.Yellow,
    });
}
