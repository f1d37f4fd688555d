using System.Security.Cryptography;
using System.Text;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>Changes and channels to test with, and the comparison of messages.</summary>
internal static class Sample
{
    public static readonly PageLimit All = new(100_000, int.MaxValue);

    private const long Start = 1_750_000_000_000;

    /// <summary>Names of users as identity providers give them, and others at the edges of the rule.</summary>
    public static readonly IReadOnlyList<string> UserNames =
    [
        "auth0|5f7c8ec7c33c6c004bbafe82", "google-oauth2|103547991597142817347", "ann+tag@example.com", @"CORP\ann", "c2FtbHxhbm4/bGVlKw==",
        "CN=Ann Lee,O=x", "CN=Ann  Lee, O=x", "https://steamcommunity.com/openid/id/76561198000000000", "@ann:matrix.example", "did:web:example.com#ann",
        "a", "A", "!", "~", "'", "''", "\"ann\"", @"\", "[\"a\",\"b\"]", "{0}", "%41", "_", "a'; --", "a b", "a,b", new('~', 128),
    ];

    public static DateTimeOffset Time(long milliseconds = 0) => DateTimeOffset.FromUnixTimeMilliseconds(Start + milliseconds);

    public static PageLimit Count(int messages) => new(messages, int.MaxValue);

    public static NewChannel Channel(string name, string? owner = "ann", IReadOnlyList<string>? members = null, ChannelKind kind = ChannelKind.Public) =>
        new(name, kind, null, owner, members ?? [], Time());

    public static NewChannel Direct(string name, string one, string other) =>
        new(name, ChannelKind.Direct, null, one, [other], Time());

    public static PostChange Post(
        string channel, MessageContent content, string sender = "ann", MessageId? id = null, long? replyTo = null, long at = 0) =>
        new(channel, Time(at), id ?? new MessageId(Guid.NewGuid()), sender, content, replyTo, Digest(content));

    public static PostChange Post(
        string channel, string text, string sender = "ann", MessageId? id = null, long? replyTo = null, long at = 0) =>
        Post(channel, new MessageContent(text), sender, id, replyTo, at);

    public static EditChange Edit(string channel, long sequence, string text, long at = 0) =>
        new(channel, Time(at), sequence, new ContentEdit(Text: new PartEdit<string>(true, text)));

    /// <summary>Everything of a message must be equal, the spelling of its id and its reactions as well.</summary>
    public static void AssertSame(Message expected, Message actual)
    {
        IReadOnlyList<ReactionSummary> none = [];
        Assert.Equal(expected with { Reactions = none }, actual with { Reactions = none });
        Assert.Equal(expected.Id.ToString(), actual.Id.ToString());
        Assert.Equal(expected.Content.Mentions, actual.Content.Mentions);
        AssertReactions(actual, [.. expected.Reactions.Select(summary => (summary.Reaction, summary.Count, summary.Users.ToArray()))]);
    }

    /// <summary>The reactions must be these, in any order; the users of each in this order.</summary>
    public static void AssertReactions(Message message, params (string Reaction, int Count, string[] Users)[] expected)
    {
        Assert.Equal(
            expected.Select(Describe).Order(StringComparer.Ordinal),
            message.Reactions.Select(summary => Describe((summary.Reaction, summary.Count, [.. summary.Users]))).Order(StringComparer.Ordinal));
    }

    private static string Describe((string Reaction, int Count, string[] Users) summary) =>
        $"{summary.Reaction} {summary.Count}: {string.Join(' ', summary.Users)}";

    private static byte[] Digest(MessageContent content)
    {
        const int size = 16;
        return SHA256.HashData(Encoding.UTF8.GetBytes($"{content.Text}|{content.Data}|{content.Attachments}"))[..size];
    }
}
