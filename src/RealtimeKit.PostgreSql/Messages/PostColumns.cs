using Npgsql;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>New messages turned into columns, as one statement takes them: an array for each.</summary>
internal sealed class PostColumns
{
    private readonly string[] _names;
    private readonly Guid[] _ids;
    private readonly string?[] _idTexts;
    private readonly string[] _senders;
    private readonly long[] _times;
    private readonly string?[] _texts;
    private readonly string?[] _data;
    private readonly string?[] _attachments;
    private readonly string?[] _mentions;
    private readonly Guid[] _digests;

    public PostColumns(List<(PostChange Change, int Place)> posts)
    {
        var count = posts.Count;
        (_names, _ids, _idTexts, _senders, _times) = (new string[count], new Guid[count], new string?[count], new string[count], new long[count]);
        (_texts, _data, _attachments, _mentions, _digests) = (new string?[count], new string?[count], new string?[count], new string?[count], new Guid[count]);
        for (var i = 0; i < count; i++) Set(i, posts[i].Change);
        Channels = [.. _names.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The channels that the messages are for, each once.</summary>
    public string[] Channels { get; }

    public NpgsqlBatchCommand ToCommand(string sql) => Sql.Command(
        sql,
        Sql.Parameter(_names), Sql.Parameter(_ids), Sql.Parameter(_idTexts), Sql.Parameter(_senders), Sql.Parameter(_times),
        Sql.Parameter(_texts), Sql.Parameter(_data), Sql.Parameter(_attachments), Sql.Parameter(_mentions), Sql.Parameter(_digests));

    private void Set(int i, PostChange post)
    {
        (_names[i], _ids[i], _idTexts[i], _senders[i]) = (post.Channel, post.Id.Value, post.Id.SpecialText, post.Sender);
        (_times[i], _texts[i], _digests[i]) = (post.Time.ToUnixTimeMilliseconds(), post.Content.Text, MessageRow.Digest(post));
        (_data[i], _attachments[i]) = (post.Content.Data?.ToString(), post.Content.Attachments?.ToString());
        _mentions[i] = MessageColumns.WriteMentions(post.Content.Mentions);
    }
}
