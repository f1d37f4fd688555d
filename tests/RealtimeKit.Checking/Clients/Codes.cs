namespace RealtimeKit.Checking.Clients;

/// <summary>What an error says about the request that it answers.</summary>
internal static class Codes
{
    /// <summary>What who is muted gets. An earlier copy of the message may still be under way, and be decided when the mute has ended.</summary>
    public const string Muted = "forbidden";

    /// <summary>Whether it did not take effect, and will not.</summary>
    public static bool IsDefinite(string code) =>
        code is "invalid" or "unauthenticated" or "forbidden" or "not_found" or "conflict" or "too_large" or "too_many" or "unsupported";

    /// <summary>Whether the same request is to be sent again.</summary>
    public static bool IsForNow(string code) => code is "unavailable" or "rate_limited";
}
