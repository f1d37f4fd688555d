using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>How much there is of everything. Every name of it begins with its own.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Messages">The messages of its channel; all by one user, a tenth in one thread, a twentieth deleted, a tenth mention one user.</param>
/// <param name="Members">The members of its other channel.</param>
/// <param name="Channels">The channels of one user.</param>
/// <param name="Reactions">The users who gave one reaction to one message; as many are banned, and as many messages reported.</param>
/// <param name="Listed">The public channels of nobody, in the directory.</param>
internal sealed record Population(string Name, int Messages, int Members, int Channels, int Reactions, int Listed)
{
    private const int LargestBatch = 1_000;
    private const int AtOnce = 50;
    private const int PageSize = 50;
    private const int Tenth = 10;
    private const int Twentieth = 20;
    private const int ThreadBatch = 4;

    /// <summary>The message that has all the reactions.</summary>
    public const long Liked = 1;

    /// <summary>The root of the long thread.</summary>
    public const long Root = 2;

    // Some batches are of answers alone: those without are stored by the quickest way.
    private int Batch => Math.Min(LargestBatch, Messages / Tenth);

    public string Log => $"{Name}-log";

    public string Crowd => $"{Name}-crowd";

    /// <summary>The version of its channel once it is filled.</summary>
    public long Version => Messages + ((Messages - 1) / Twentieth) + Reactions;

    /// <summary>Has posted every message and has read none.</summary>
    public string Bot => $"{Name}-bot";

    /// <summary>Has read nothing.</summary>
    public string Newcomer => $"{Name}-newcomer";

    /// <summary>Is mentioned again and again and has read nothing.</summary>
    public string Called => $"{Name}-called";

    /// <summary>Owns both channels.</summary>
    public string Owner => $"{Name}-owner";

    /// <summary>Belongs to many channels.</summary>
    public string Everywhere => $"{Name}-everywhere";

    /// <summary>Where the second page of that user's list begins, once it is filled.</summary>
    public string NextPage { get; private set; } = "";

    /// <summary>Fills a store by its contract alone, so that it is filled as it would be in use.</summary>
    public async Task FillAsync(IMessageStore messages, IChannelStore channels)
    {
        await channels.CreateAsync(Channel(Log, [Bot, Newcomer, Called], Owner), default);
        await channels.CreateAsync(Channel(Crowd, [.. Enumerable.Range(0, Members).Select(number => $"user{number:000000}")], Owner), default);
        foreach (var users in Enumerable.Range(0, Reactions).Select(number => $"banned{number:000000}").Chunk(LargestBatch))
            await channels.ApplyAsync([.. users.Select(user => new BanChange(Crowd, user, new Sanction(Owner, Now())) { Time = Now(), By = Owner })], default);
        for (var first = 0; first < Messages; first += Batch)
            await messages.AppendAsync([.. Enumerable.Range(first, Math.Min(Batch, Messages - first)).Select(Post)], default);
        for (var first = 0; first < Messages; first += Batch * Twentieth)
            await messages.AppendAsync([.. Deleted(first)], default);
        for (var first = 0; first < Reactions; first += Batch)
            await messages.AppendAsync([.. Enumerable.Range(first, Math.Min(Batch, Reactions - first)).Select(Reaction)], default);
        foreach (var reports in Enumerable.Range(0, Reactions).Where(number => ReportOf(number) <= Messages).Chunk(AtOnce))
            await Task.WhenAll(reports.Select(number => channels.ReportAsync(new ReportChange(Log, ReportOf(number), Called, null, Now()), default).AsTask()));
        foreach (var names in Enumerable.Range(0, Listed).Select(number => $"{Name}-listed{number}").Chunk(AtOnce))
            await Task.WhenAll(names.Select(name => channels.CreateAsync(Channel(name, []), default).AsTask()));
        foreach (var names in Enumerable.Range(0, Channels).Select(number => $"{Name}-room{number}").Chunk(AtOnce))
        {
            await Task.WhenAll(names.Select(name => channels.CreateAsync(Channel(name, [Everywhere]), default).AsTask()));
            await messages.AppendAsync([.. names.Select(name => New(name, "The only message.", null, null))], default);
        }

        NextPage = (await channels.ListChannelsAsync(Everywhere, null, PageSize, default)).Next ?? "";
    }

    /// <summary>The message of a report. Not one that is deleted.</summary>
    public static long ReportOf(int number) => (Twentieth * (long)number) + 1;

    private IEnumerable<MessageChange> Deleted(int first)
    {
        var last = Math.Min(first + (Batch * Twentieth), Messages);
        for (var sequence = Math.Max(first, Twentieth); sequence < last; sequence += Twentieth) yield return new DeleteChange(Log, Now(), sequence);
    }

    private MessageChange Post(int number) => New(
        Log, "A message of the length that people write, more or less, in a chat.", number / Batch % Tenth == ThreadBatch ? Root : null,
        number % Tenth == 1 ? [Called] : null);

    private MessageChange Reaction(int number) => new ReactChange(Log, Now(), Liked, $"user{number:000000}", "+", false);

    private PostChange New(string channel, string text, long? replyTo, string[]? mentions) => new(
        channel, Now(), new MessageId(Guid.CreateVersion7()), Bot, new MessageContent(text, Mentions: mentions), replyTo, new byte[16]);

    private static NewChannel Channel(string name, IReadOnlyList<string> members, string? owner = null) =>
        new(name, ChannelKind.Public, name.Replace('-', ' '), owner, members, Now());

    private static DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
}
