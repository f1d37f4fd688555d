using static RealtimeKit.Benchmarks.Scale.ScaleRequest;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>The requests of owners and moderators, of what users set for themselves, and those that find channels and messages.</summary>
internal static class ModerationRequests
{
    // Behind the messages that earlier requests delete, and reported ones that both populations have.
    private const int FirstReported = 421;
    private const int Reported = 40;

    public static IEnumerable<ScaleRequest> Of(Population at)
    {
        string log = Quote(at.Log), crowd = Quote(at.Crowd), owner = at.Owner;
        ScaleRequest On(string type, Func<int, string> user, string fields = "", string? undo = null) => new(
            type, owner, round => $"\"type\":\"{type}\",\"channel\":{crowd},\"user\":{Quote(user(round))}{fields}",
            undo is null ? null : round => $"\"type\":\"{undo}\",\"channel\":{crowd},\"user\":{Quote(user(round))}");
        string Member(int round) => Text($"user{round:000000}");
        string Stranger(int round) => Text($"stranger{round}");
        string Block(string type) => $"\"type\":\"{type}\",\"user\":{Quote(at.Bot)}";
        string Resolve(int round, string state) => Text($"\"type\":\"resolve\",\"channel\":{log},\"report\":\"{Population.ReportOf(round % Reported)}\",\"state\":\"{state}\"");

        yield return new("update", owner, round => Text($"\"type\":\"update\",\"channel\":{crowd},\"data\":{{\"round\":{round}}}"));
        yield return new("pin", owner, _ => $"\"type\":\"pin\",\"channel\":{log},\"sequence\":3", _ => $"\"type\":\"unpin\",\"channel\":{log},\"sequence\":3");
        yield return new("history, pinned", at.Newcomer, _ => $"\"type\":\"history\",\"channel\":{log},\"pinned\":true");
        yield return On("setRole", Member, ",\"role\":\"moderator\"");
        yield return On("mute", Member, undo: "unmute");
        yield return On("ban", Stranger, undo: "unban");
        yield return On("unban", Stranger, undo: "ban");
        yield return On("invite", Stranger);
        yield return On("remove", Stranger);
        yield return new("bans", owner, _ => $"\"type\":\"bans\",\"channel\":{crowd}");
        yield return new("actions", owner, _ => $"\"type\":\"actions\",\"channel\":{crowd}");
        yield return new("report", at.Newcomer, round => Text($"\"type\":\"report\",\"channel\":{log},\"sequence\":{FirstReported + (2 * round)}"));
        yield return new("reports", owner, _ => $"\"type\":\"reports\",\"channel\":{log}");
        yield return new("resolve", owner, round => Resolve(round, "acted"), round => Resolve(round, "open"));
        yield return new("block", at.Newcomer, _ => Block("block"), _ => Block("unblock"));
        yield return new("unblock", at.Newcomer, _ => Block("unblock"), _ => Block("block"));
        yield return new("blocked", at.Newcomer, _ => "\"type\":\"blocked\"");
        yield return new("prefer", at.Newcomer, _ => $"\"type\":\"prefer\",\"channel\":{log},\"pinned\":true", _ => $"\"type\":\"prefer\",\"channel\":{log},\"pinned\":false");
        yield return new("directory, first page", at.Newcomer, _ => $"\"type\":\"directory\",\"query\":{Quote(at.Name)}");
        yield return new("directory, a name", at.Newcomer, _ => $"\"type\":\"directory\",\"query\":\"{at.Name} room10\"");
        yield return new("search in a channel", at.Newcomer, _ => $"\"type\":\"search\",\"channel\":{log},\"query\":\"message\"");
        yield return new("search in all", at.Newcomer, _ => $"\"type\":\"search\",\"query\":\"{at.Name}\"");
        yield return new("search, an absent word", at.Newcomer, _ => "\"type\":\"search\",\"query\":\"zzyzx\"");
    }
}
