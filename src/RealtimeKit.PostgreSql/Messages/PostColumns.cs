using System.Runtime.InteropServices;
using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Index;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>New messages turned into columns, as one statement takes them: an array for each.</summary>
internal sealed class PostColumns
{
    private readonly string[] _names;
    private readonly long[] _numbers;
    private readonly Guid[] _ids;
    private readonly Guid[] _digests;
    private readonly long[] _times;
    private readonly string[] _from;
    private readonly string?[] _idTexts;
    private readonly string?[] _texts;
    private readonly string?[] _data;
    private readonly string?[] _attachments;
    private readonly string?[] _mentions;
    private readonly Dictionary<string, (long Count, long Time, long? Revision, string? Epoch)> _channels = new(StringComparer.Ordinal);
    private readonly List<(string Channel, long Number, string User)> _mentioned = [];
    private readonly List<(string Channel, long Number, short Kind, string User)> _counted = [];

    private PostColumns(int count)
    {
        (_names, _numbers, _ids, _digests) = (new string[count], new long[count], new Guid[count], new Guid[count]);
        (_times, _from) = (new long[count], new string[count]);
        (_idTexts, _texts, _data, _attachments, _mentions) = (new string?[count], new string?[count], new string?[count], new string?[count], new string?[count]);
    }

    /// <summary>Takes a batch.</summary>
    /// <returns>
    /// <see langword="null"/> where it has anything but new messages: another kind, an answer, a question, one with files or a copy within the batch; and where
    /// messages of one channel were permitted at different revisions or epochs.
    /// </returns>
    public static PostColumns? Of(IReadOnlyList<MessageChange> changes)
    {
        if (changes.Count == 0) return null;
        var columns = new PostColumns(changes.Count);
        var seen = new HashSet<(string, Guid)>(changes.Count);
        for (var i = 0; i < changes.Count; i++)
        {
            if (changes[i] is not PostChange { ReplyTo: null, OnlyIfKnown: false, Pause.Ticks: 0, Files.Count: 0 } post || !seen.Add((post.Channel, post.Id.Value))) return null;
            if (!columns.TrySet(i, post)) return null;
        }

        return columns;
    }

    /// <summary>Which of the batch's messages in its channel this one is; the first is 1.</summary>
    public long Number(int place) => _numbers[place];

    public NpgsqlBatchCommand[] ToCommands(bool isIndexed)
    {
        var channels = _channels.OrderBy(channel => channel.Key, StringComparer.Ordinal).ToArray();
        var behind = new long[_names.Length];
        for (var i = 0; i < behind.Length; i++) behind[i] = Behind(_names[i], _numbers[i]);
        var move = Sql.Command(
            PostAppender.Move, Sql.Parameter(Array.ConvertAll(channels, channel => channel.Key)),
            Sql.Parameter(Array.ConvertAll(channels, channel => channel.Value.Count)), Sql.Parameter(Array.ConvertAll(channels, channel => channel.Value.Time)), Sql.Parameter(_ids),
            Sql.Parameter(Array.ConvertAll(channels, channel => channel.Value.Revision)), Sql.Parameter(Array.ConvertAll(channels, channel => channel.Value.Epoch)),
            Sql.Parameter(isIndexed));
        var write = Sql.Command(
            PostAppender.Write, Sql.Parameter(_names), Sql.Parameter(behind), Sql.Parameter(_ids), Sql.Parameter(_digests), Sql.Parameter(_times),
            Sql.Parameter(_from), Sparse(_idTexts), Sparse(_texts), Sparse(_data), Sparse(_attachments), Sparse(_mentions));
        return
        [
            move, write,
            .. _mentioned.Count == 0 ? [] : (NpgsqlBatchCommand[])[Mentions(), Counts()],
            .. isIndexed ? Index(behind) : [],
        ];
    }

    private NpgsqlBatchCommand[] Index(long[] behind)
    {
        var tokens = Array.ConvertAll(_texts, SearchRows.TokensOf);
        int[] rows = [.. Enumerable.Range(0, tokens.Length).Where(i => tokens[i] is not null)];
        return rows.Length == 0 ? [] :
        [
            Sql.Command(
                SearchRows.AddNew, Sql.Parameter(Array.ConvertAll(rows, i => _names[i])), Sql.Parameter(Array.ConvertAll(rows, i => behind[i])),
                Sql.Parameter(Array.ConvertAll(rows, i => _times[i])), Sql.Parameter(Array.ConvertAll(rows, i => tokens[i]))),
            SearchRows.Extend(_times.Max()),
        ];
    }

    private NpgsqlBatchCommand Counts() => Sql.Command(
        PostAppender.CountMentions, Sql.Parameter(_counted.Select(one => one.Channel).ToArray()),
        Sql.Parameter(_counted.Select(one => Behind(one.Channel, one.Number)).ToArray()), Sql.Parameter(_counted.Select(one => one.User).ToArray()),
        Sql.Parameter(_counted.Select(one => one.Kind).ToArray()));

    private NpgsqlBatchCommand Mentions() => Sql.Command(
        PostAppender.WriteMentions, Sql.Parameter(_mentioned.Select(one => one.Channel).ToArray()),
        Sql.Parameter(_mentioned.Select(one => Behind(one.Channel, one.Number)).ToArray()), Sql.Parameter(_mentioned.Select(one => one.User).ToArray()));

    // How many of the batch's messages follow this one in its channel.
    private long Behind(string channel, long number) => _channels[channel].Count - number;

    // A column that is shorter than the others is filled up with nulls: one that has nothing else needs no element.
    private static NpgsqlParameter Sparse(string?[] column) => Sql.Parameter(Array.TrueForAll(column, value => value is null) ? [] : column);

    private bool TrySet(int i, PostChange post)
    {
        ref var channel = ref CollectionsMarshal.GetValueRefOrAddDefault(_channels, post.Channel, out var known);
        if (known && (channel.Revision != post.Revision || channel.Epoch != post.Epoch)) return false;
        channel = (channel.Count + 1, post.Time.ToUnixTimeMilliseconds(), post.Revision, post.Epoch);
        (_names[i], _numbers[i], _times[i]) = (post.Channel, channel.Count, channel.Time);
        (_ids[i], _idTexts[i], _digests[i], _from[i]) = (post.Id.Value, post.Id.SpecialText, MessageRow.Digest(post), post.Sender);
        (_texts[i], _data[i], _attachments[i]) = (post.Content.Text, post.Content.Data?.ToString(), post.Content.Attachments?.ToString());
        if (post.Content.Mentions is not { } mentions) return true;
        _mentions[i] = MessageColumns.WriteMentions(mentions);
        var message = ChangeRules.Post(post, 0, 0, null);
        foreach (var user in ChangeRules.Mentioned(message)) _mentioned.Add((post.Channel, _numbers[i], user));
        foreach (var (kind, user) in Tallies.Mentioned(message)) _counted.Add((post.Channel, _numbers[i], kind, user));
        return true;
    }
}
