using RealtimeKit.Protocol;

namespace RealtimeKit.Samples;

/// <summary>Lines in, lines out: for pipes, scripts, screen readers and terminals that know no more.</summary>
internal sealed class PlainView(Conversation conversation)
{
    private readonly Dictionary<long, long> _shown = [];
    private string _state = "";
    private string? _problem;

    public async Task RunAsync(CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = conversation.RunAsync(ended.Token);
        var showing = ShowAsync(ended.Token);
        try
        {
            while (await Console.In.ReadLineAsync(stop) is { } line && line != "/quit")
                if (line.Length > 0) conversation.Send(line);
        }
        catch (OperationCanceledException)
        {
            // Interrupted.
        }

        await ended.CancelAsync();
        await Task.WhenAll(running, showing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ShowAsync(CancellationToken stop)
    {
        Show(conversation.Look());
        await foreach (var _ in conversation.ChangesAsync(stop)) Show(conversation.Look());
    }

    private void Show(Picture picture)
    {
        foreach (var message in picture.Messages) Show(message);
        if (picture.State != _state) Console.WriteLine($"-- {_state = picture.State}");
        if (picture.Problem is { } problem && problem != _problem) Console.WriteLine($"-- {Wording.Safe(problem)}");
        _problem = picture.Problem;
    }

    private void Show(Message message)
    {
        var known = _shown.TryGetValue(message.Sequence, out var version);
        if (known && version >= message.Version) return;
        _shown[message.Sequence] = message.Version;
        Console.WriteLine($"[{Wording.Clock(message)}] {message.Sender}: {Wording.Of(message)}");
    }
}
