using System.Text;

namespace RealtimeKit.Tests.Engine;

/// <summary>Makes frames: some valid, most of them wrong in one of the ways in which clients and attackers are wrong.</summary>
internal sealed class FrameFuzzer(Random random)
{
    public static readonly string[] Channels = ["a", "b", "c:1"];

    private static readonly string[] Types =
    [
        "connect", "subscribe", "unsubscribe", "publish", "edit", "delete", "react", "reactions", "history", "search", "members", "channels",
        "create", "join", "leave", "read", "signal", "presence", "refresh", "ping", "pong", "search", "invite", "remove", "ban",
        "unban", "mute", "unmute", "setRole", "bans", "actions", "update", "report", "reports", "resolve", "block", "unblock", "blocked", "directory",
        "pin", "unpin", "users", "inbox", "closeInbox", "prefer", "event", "", "nonsense",
    ];

    private static readonly string[] Fields =
    [
        "channel", "message", "sequence", "text", "data", "attachments", "mentions", "reaction", "remove", "before", "after", "epoch",
        "recent", "thread", "limit", "name", "kind", "members", "token", "client", "user", "role", "until", "reason", "query", "report", "state", "replyTo",
        "notify", "pinned", "hidden", "users", "x",
    ];

    private static readonly string[] Pins = ["pin", "unpin"];
    private static readonly string[] Sanctions = ["remove", "ban", "unban", "mute", "unmute"];

    /// <summary>A frame that can be answered, whatever the answer is.</summary>
    public string Next() => random.Next(10) < 5 ? Odd() : Valid();

    /// <summary>A frame that is probably no frame at all, or now and then nothing.</summary>
    public string NextBroken() => random.Next(3) switch
    {
        0 => "",
        1 => Mutate(random.Next(2) == 0 ? Odd() : Valid()),
        _ => $$"""{"type":{{Value(2)}},"id":{{Value(1)}},"channel":{{Value(1)}} }""",
    };

    private string Valid()
    {
        var channel = Pick(Channels);
        var id = random.Next(1, 1_000_000);
        return random.Next(27) switch
        {
            0 => $$"""{"type":"subscribe","id":{{id}},"channel":"{{channel}}","recent":{{random.Next(1, 300)}}}""",
            1 => $$"""{"type":"unsubscribe","id":{{id}},"channel":"{{channel}}"}""",
            2 => $$"""{"type":"history","id":{{id}},"channel":"{{channel}}","limit":{{random.Next(1, 5)}}}""",
            3 => $$"""{"type":"edit","id":{{id}},"channel":"{{channel}}","sequence":{{random.Next(1, 50)}},"text":"{{random.Next()}}"}""",
            4 => $$"""{"type":"delete","id":{{id}},"channel":"{{channel}}","sequence":{{random.Next(1, 50)}}}""",
            5 => $$"""{"type":"react","id":{{id}},"channel":"{{channel}}","sequence":{{random.Next(1, 50)}},"reaction":"{{random.Next(99)}}"}""",
            6 => $$"""{"type":"signal","channel":"{{channel}}","name":"typing"}""",
            7 => $$"""{"type":"read","id":{{id}},"channel":"{{channel}}","sequence":{{random.Next(1, 99)}}}""",
            8 => $$"""{"type":"subscribe","id":{{id}},"channel":"{{channel}}","after":{{random.Next(9)}}}""",
            9 => $$"""{"type":"publish","id":{{id}},"channel":"{{channel}}","message":{"id":"{{NewId()}}","text":"hello","data":{{Value(3)}} } }""",
            10 => $$"""{"type":"join","id":{{id}},"channel":"{{channel}}"}""",
            11 => $$"""{"type":"presence","id":{{id}},"channel":"{{channel}}"}""",
            12 => $$"""{"type":"channels","id":{{id}}}""",
            13 => $$"""{"type":"invite","id":{{id}},"channel":"{{channel}}","user":"user{{random.Next(9)}}"}""",
            14 => $$"""{"type":"{{Pick(Sanctions)}}","id":{{id}},"channel":"{{channel}}","user":"user{{random.Next(9)}}"}""",
            24 => $$"""{"type":"inbox","id":{{id}},"after":{{(random.Next(2) == 0 ? "null" : "7")}}}""",
            25 => $$"""{"type":"prefer","id":{{id}},"channel":"{{channel}}","notify":"none","hidden":{{(random.Next(2) == 0 ? "true" : "false")}}}""",
            16 => $$"""{"type":"{{Pick(Pins)}}","id":{{id}},"channel":"{{channel}}","sequence":{{random.Next(1, 50)}}}""",
            17 => $$"""{"type":"history","id":{{id}},"channel":"{{channel}}","pinned":true}""",
            18 => $$"""{"type":"users","id":{{id}},"users":["user{{random.Next(9)}}","user{{random.Next(9)}}"]}""",
            19 => $$"""{"type":"report","id":{{id}},"channel":"{{channel}}","sequence":{{random.Next(1, 50)}},"reason":"{{random.Next(99)}}"}""",
            20 => $$"""{"type":"reports","id":{{id}},"channel":"{{channel}}","limit":{{random.Next(1, 5)}}}""",
            21 => $$"""{"type":"resolve","id":{{id}},"channel":"{{channel}}","report":"{{random.Next(1, 50)}}","state":"acted"}""",
            22 => $$"""{"type":"{{(random.Next(2) == 0 ? "block" : "unblock")}}","id":{{id}},"user":"user{{random.Next(9)}}"}""",
            23 => $$"""{"type":"directory","id":{{id}},"query":"{{random.Next(99)}}"}""",
            15 => $$"""{"type":"bans","id":{{id}},"channel":"{{channel}}"}""",
            _ => $$"""{"type":"members","id":{{id}},"channel":"{{channel}}"}""",
        };
    }

    /// <summary>A frame that is JSON but has fields of any kind and value.</summary>
    private string Odd()
    {
        var text = new StringBuilder($$"""{"type":"{{Pick(Types)}}","id":{{random.Next(1, 99)}}""");
        for (var i = random.Next(6); i > 0; i--) text.Append($",\"{Pick(Fields)}\":{Value(4)}");
        return text.Append('}').ToString();
    }

    private string Mutate(string frame)
    {
        var at = random.Next(frame.Length);
        return random.Next(7) switch
        {
            0 => frame[..at],
            1 => frame.Remove(at, 1),
            2 => frame.Insert(at, ((char)random.Next(32, 0x250)).ToString()),
            3 => frame.Insert(at, frame[random.Next(at + 1)..]),
            4 => new string('[', random.Next(1, 3_000)),
            5 => frame.Replace("1", "\\u0000", StringComparison.Ordinal),
            _ => frame.Insert(at, "\\ud800"),
        };
    }

    private string Value(int depth) => random.Next(depth > 0 ? 14 : 11) switch
    {
        0 => "null",
        1 => "true",
        2 => "-1",
        3 => "1e999",
        4 => new string('9', random.Next(1, 400)),
        5 => "0.5",
        6 => "\"\"",
        7 => "\"\\ud83d\\ude00\\u0041\"",
        8 => random.Next(20) == 0 ? "\"\\ud83d\"" : "\"x\"",
        9 => $"\"{new string('y', random.Next(200))}\"",
        10 => $"\"{Pick(Channels)}\"",
        11 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth - 1)))}]",
        12 => $"{{\"{Pick(Fields)}\":{Value(depth - 1)},\"id\":\"{NewId()}\",\"{Pick(Fields)}\":{Value(depth - 1)}}}",
        _ => new string('[', 70) + new string(']', 70),
    };

    // A few ids come again, so that duplicates and conflicts occur.
    private Guid NewId() => new(random.Next(2) == 0 ? random.Next(50) : random.Next(), 0, 0, new byte[8]);

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
