using System.Globalization;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>A request that a client can make: who makes it, and its fields in each round.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="User">Who makes it; in each round another where <paramref name="UserOf"/> names one.</param>
/// <param name="Fields">Its fields.</param>
/// <param name="Before">A request that goes before it and is not measured.</param>
/// <param name="UserOf">Who makes it in a round.</param>
internal sealed record ScaleRequest(
    string Name, string User, Func<int, string> Fields, Func<int, string>? Before = null, Func<int, string>? UserOf = null)
{
    /// <summary>Who makes it in a round.</summary>
    public string UserIn(int round) => UserOf?.Invoke(round) ?? User;

    /// <summary>Every request that goes to the store, on one population. Each round does what no round before it did.</summary>
    public static IReadOnlyList<ScaleRequest> Of(Population at)
    {
        long middle = at.Messages / 2;
        string log = Quote(at.Log), crowd = Quote(at.Crowd);
        return
        [
            new("channels, all unread", at.Newcomer, _ => "\"type\":\"channels\""),
            new("channels, all one's own", at.Bot, _ => "\"type\":\"channels\""),
            new("channels, mentioned often", at.Called, _ => "\"type\":\"channels\""),
            new("channels, member of many", at.Everywhere, _ => "\"type\":\"channels\""),
            new("channels, member of many, next page", at.Everywhere, _ => $"\"type\":\"channels\",\"before\":{Quote(at.NextPage)}"),
            new("history, newest", at.Newcomer, _ => $"\"type\":\"history\",\"channel\":{log}"),
            new("history, before the middle", at.Newcomer, _ => Text($"\"type\":\"history\",\"channel\":{log},\"before\":{middle}")),
            new("history, after the middle", at.Newcomer, _ => Text($"\"type\":\"history\",\"channel\":{log},\"after\":{middle}")),
            new("history, oldest", at.Newcomer, _ => $"\"type\":\"history\",\"channel\":{log},\"after\":0"),
            new("history of a thread, newest", at.Newcomer, _ => Text($"\"type\":\"history\",\"channel\":{log},\"thread\":{Population.Root}")),
            new("history of a thread, oldest", at.Newcomer, _ => Text($"\"type\":\"history\",\"channel\":{log},\"thread\":{Population.Root},\"after\":0")),
            new("history of a thread, before the middle", at.Newcomer, _ => Text($"\"type\":\"history\",\"channel\":{log},\"thread\":{Population.Root},\"before\":{middle}")),
            new("subscribe, recent", at.Newcomer, _ => $"\"type\":\"subscribe\",\"channel\":{log},\"recent\":20", _ => $"\"type\":\"unsubscribe\",\"channel\":{log}"),
            new("subscribe, after a cursor", at.Newcomer, _ => Text($"\"type\":\"subscribe\",\"channel\":{log},\"after\":{at.Version - 20}"), _ => $"\"type\":\"unsubscribe\",\"channel\":{log}"),
            new("publish", at.Newcomer, _ => Publish(log, "")),
            new("publish, an answer in a thread", at.Newcomer, _ => Publish(log, Text($",\"replyTo\":{Population.Root}"))),
            new("publish, with a mention", at.Newcomer, _ => Publish(log, $",\"mentions\":[{Quote(at.Called)}]")),
            new("edit", at.Bot, round => Text($"\"type\":\"edit\",\"channel\":{log},\"sequence\":{middle + 1},\"text\":\"edited {round}\"")),
            new("delete", at.Bot, round => Text($"\"type\":\"delete\",\"channel\":{log},\"sequence\":{(2 * round) + 5}")),
            new("react", at.Newcomer, _ => React(log, false), _ => React(log, true)),
            new("react, taken back", at.Newcomer, _ => React(log, true), _ => React(log, false)),
            new("react, taken back by who came early", "", _ => React(log, true), UserOf: round => Text($"user{round:000000}")),
            new("reactions", at.Newcomer, _ => Text($"\"type\":\"reactions\",\"channel\":{log},\"sequence\":{Population.Liked}")),
            new("read", at.Newcomer, round => Text($"\"type\":\"read\",\"channel\":{log},\"sequence\":{round + 1}")),
            new("members, first page", at.Newcomer, _ => $"\"type\":\"members\",\"channel\":{crowd}"),
            new("members, middle", at.Newcomer, _ => Text($"\"type\":\"members\",\"channel\":{crowd},\"after\":\"user{at.Members / 2:000000}\"")),
            new("join", at.Newcomer, _ => $"\"type\":\"join\",\"channel\":{crowd}", _ => $"\"type\":\"leave\",\"channel\":{crowd}"),
            new("leave", at.Newcomer, _ => $"\"type\":\"leave\",\"channel\":{crowd}", _ => $"\"type\":\"join\",\"channel\":{crowd}"),
            new("create", $"{at.Name}-maker", _ => "\"type\":\"create\",\"kind\":\"private\""),
            new("unsubscribe", at.Newcomer, _ => $"\"type\":\"unsubscribe\",\"channel\":{log}", _ => $"\"type\":\"subscribe\",\"channel\":{log}"),
            new("presence", at.Newcomer, _ => $"\"type\":\"presence\",\"channel\":{log}"),
            new("signal", at.Newcomer, _ => $"\"type\":\"signal\",\"channel\":{log},\"name\":\"typing\""),
            .. ModerationRequests.Of(at),
        ];
    }

    private static string Publish(string channel, string more) =>
        $"\"type\":\"publish\",\"channel\":{channel},\"message\":{{\"id\":\"{Guid.CreateVersion7()}\",\"text\":\"Hello\"{more}}}";

    private static string React(string channel, bool remove) =>
        Text($"\"type\":\"react\",\"channel\":{channel},\"sequence\":{Population.Liked},\"reaction\":\"+\",\"remove\":{(remove ? "true" : "false")}");

    public static string Quote(string name) => $"\"{name}\"";

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
