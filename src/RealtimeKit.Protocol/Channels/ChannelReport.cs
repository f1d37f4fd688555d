namespace RealtimeKit.Protocol;

/// <summary>A message that users reported to the moderators of its channel.</summary>
/// <param name="Report">The report's identifier, unique within its channel.</param>
/// <param name="Message">The message as it was when it was first reported.</param>
/// <param name="Reporters">Who reported it, the first first: 20 at most.</param>
/// <param name="Reason">Why the first one reported it, if that was said.</param>
/// <param name="Time">When it was first reported.</param>
/// <param name="State">What became of it.</param>
public sealed record ChannelReport(
    string Report, Message Message, IReadOnlyList<string> Reporters, string? Reason, DateTimeOffset Time, ReportState State);

/// <summary>What became of a report.</summary>
public enum ReportState
{
    /// <summary>Nobody has decided on it.</summary>
    Open,

    /// <summary>A moderator saw no need to do anything.</summary>
    Dismissed,

    /// <summary>A moderator did something about it.</summary>
    Acted,
}

/// <summary>A public channel in the directory.</summary>
/// <param name="Channel">The channel's identifier.</param>
/// <param name="Name">Its display name, if it has one.</param>
/// <param name="Data">The application's data of the channel, if any.</param>
/// <param name="Members">How many members it has.</param>
/// <param name="Sequence">The last message's sequence; 0 for none.</param>
public sealed record ListedChannel(string Channel, string? Name, JsonValue? Data, long Members, long Sequence);

/// <summary>The words of the wire for states of reports.</summary>
internal static class ReportWords
{
    /// <summary>The word for a state.</summary>
    public static string ToWord(this ReportState state) => state switch
    {
        ReportState.Dismissed => "dismissed",
        ReportState.Acted => "acted",
        _ => "open",
    };

    /// <summary>Reads a state; false for any other word.</summary>
    public static bool TryParse(string? word, out ReportState state)
    {
        state = word switch { "dismissed" => ReportState.Dismissed, "acted" => ReportState.Acted, _ => ReportState.Open };
        return word is "open" or "dismissed" or "acted";
    }
}
