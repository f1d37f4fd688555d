namespace RealtimeKit.Protocol;

/// <summary>The codes that an <c>error</c> frame may bear.</summary>
public static class ErrorCodes
{
    /// <summary>The request has a wrong form.</summary>
    public const string Invalid = "invalid";

    /// <summary>There is no sign-in, or it was refused.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>The user may see the channel but not do this.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>There is no such thing, or the user may not know of it.</summary>
    public const string NotFound = "not_found";

    /// <summary>The request contradicts what is stored.</summary>
    public const string Conflict = "conflict";

    /// <summary>A frame or text is over its size.</summary>
    public const string TooLarge = "too_large";

    /// <summary>A number of things is over its limit.</summary>
    public const string TooMany = "too_many";

    /// <summary>The user sends too fast; the error says when to try again.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>The store is out of reach: send the same request again later.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The server does not know or not offer this request.</summary>
    public const string Unsupported = "unsupported";

    /// <summary>A fault of the server; its log has the cause.</summary>
    public const string Internal = "internal";

    /// <summary>Whether the same request may succeed later: a client keeps it and sends it again.</summary>
    /// <param name="code">A code that an <c>error</c> frame bears; a client need not know it.</param>
    public static bool IsTransient(string code) => code is Unavailable or RateLimited;
}
