using RealtimeKit.Client;
using RealtimeKit.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>One user: a client that is left alone, the channels it reads, and what it does in them.</summary>
internal sealed class Participant : IAsyncDisposable
{
    private const int Window = 20;
    private const int Repeats = 3;
    private readonly Ledger _ledger;
    private readonly Pace _pace;
    private readonly Random _random;
    private readonly bool _pipelines;
    private readonly List<Task> _reading = [];

    public Participant(string user, RealtimeClient client, IEnumerable<string> channels, bool pipelines, int seed, Ledger ledger, Pace pace)
    {
        (User, Client, _ledger, _pace, _random, _pipelines) = (user, client, ledger, pace, new Random(seed), pipelines);
        Views = [.. channels.Select(channel => new ChannelView(client.Channel(channel)))];
    }

    public string User { get; }

    public RealtimeClient Client { get; }

    public IReadOnlyList<ChannelView> Views { get; }

    /// <summary>Subscribes to its channels, from their start, and goes on reading them to the end of the test.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        foreach (var view in Views)
        {
            await Client.Channel(view.Channel).SubscribeAsync(SubscribeOptions.FromStart, cancellationToken);
            _reading.Add(view.ReadAsync(cancellationToken));
        }
    }

    /// <summary>Sends, edits, deletes and reacts until told to stop; ends when every message is acknowledged or refused.</summary>
    public Task WorkAsync(CancellationToken stop) => Task.WhenAll(Views.Select(view => WorkAsync(view, new Random(_random.Next()), stop)));

    /// <summary>Sends some of its messages once more, as a client does whose acknowledgement was lost: nothing may come of it.</summary>
    public async Task RepeatAsync(Checker checker)
    {
        var mine = _ledger.Postings.Where(posting => posting.Sender == User && posting.Acknowledged is not null).ToList();
        foreach (var posting in Enumerable.Range(0, Math.Min(Repeats, mine.Count)).Select(_ => mine[_random.Next(mine.Count)]))
        {
            _ledger.Tell($"{User} repeats {posting.Channel} {posting.Id}");
            var again = await Client.Channel(posting.Channel).SendAsync(new OutgoingMessage { Id = posting.Id, Text = posting.OriginalText });
            if (!again.Duplicate || again.Sequence != posting.Acknowledged!.Sequence)
                checker.Fault($"{posting.Channel}: {posting.Id}, acknowledged as {posting.Acknowledged!.Sequence}, was sent again and acknowledged as {again}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Task.WhenAll(_reading);
    }

    private async Task WorkAsync(ChannelView view, Random random, CancellationToken stop)
    {
        var underWay = new Queue<Task>();
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var filling = new string('x', _pace.IsSurging ? 1_500 : random.Next(100));
            var posting = _ledger.Post(view.Channel, User, number, $"{User} {view.Channel} {number} {filling}");
            underWay.Enqueue(SendAsync(posting, random.Next(), stop));
            if (!_pipelines) await underWay.Dequeue();
            while (underWay.Count >= Window) await underWay.Dequeue();
            if (random.Next(4) == 0 && view.Any(random) is { } seen) await ReactAsync(view, seen, random.Next(3));
            // Bursts of a pipelining sender, single messages of the others; together some hundred a second.
            if (!_pipelines || number % Window == 0) await _pace.PauseAsync(_pipelines ? random.Next(3_000) : random.Next(300), stop);
        }

        await Task.WhenAll(underWay);
    }

    private async Task SendAsync(Posting posting, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        var channel = Client.Channel(posting.Channel);
        try
        {
            posting.Acknowledged = await channel.SendAsync(
                new OutgoingMessage { Id = posting.Id, Text = posting.OriginalText }, CancellationToken.None);
            _ledger.Tell($"{User} acknowledged {posting.Channel} {posting.Id} {posting.Acknowledged.Sequence} duplicate={posting.Acknowledged.Duplicate}");
        }
        catch (RealtimeException e)
        {
            _ledger.Tell($"{User} refused {posting.Channel} {posting.Id} {e.Message}");
            return;
        }

        if (stop.IsCancellationRequested) return;
        var sequence = posting.Acknowledged.Sequence;
        for (var edits = random.Next(10) == 0 ? random.Next(1, 3) : 0; edits > 0; edits--) await EditAsync(channel, posting, sequence, random);
        if (random.Next(20) == 0) await DeleteAsync(channel, posting, sequence);
    }

    private async Task EditAsync(RealtimeChannel channel, Posting posting, long sequence, Random random)
    {
        var text = $"{User} edits {posting.Channel} {posting.Number} {random.Next()}";
        var edit = posting.Edit(text);
        if (await TryAsync($"edits {posting.Channel} {sequence} {text}", () => channel.EditAsync(sequence, text))) posting.EditConfirmed(edit);
    }

    private async Task DeleteAsync(RealtimeChannel channel, Posting posting, long sequence)
    {
        posting.DeletionAsked = true;
        posting.DeletionConfirmed = await TryAsync($"deletes {posting.Channel} {sequence}", () => channel.DeleteAsync(sequence));
    }

    private async Task ReactAsync(ChannelView view, Message seen, int which)
    {
        if (_ledger.Find(seen.Id) is not { } posting) return;
        var reaction = posting.React(User, $"r{which}");
        reaction.Confirmed = await TryAsync(
            $"reacts {view.Channel} {seen.Sequence} {reaction.Reaction}", () => Client.Channel(view.Channel).ReactAsync(seen.Sequence, reaction.Reaction));
    }

    private async Task<bool> TryAsync(string step, Func<Task<long>> change)
    {
        _ledger.Tell($"{User} {step}");
        try
        {
            var version = await change();
            _ledger.Tell($"{User} confirmed version {version}: {step}");
            return true;
        }
        catch (Exception e) when (e is RealtimeException or TimeoutException)
        {
            // Lost with its connection, or the message was deleted meanwhile: it may have taken effect or not.
            _ledger.Tell($"{User} unknown ({e.Message}): {step}");
            return false;
        }
    }
}
