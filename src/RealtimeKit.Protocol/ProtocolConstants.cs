namespace RealtimeKit.Protocol;

/// <summary>The fixed numbers and names of version 1 of the wire protocol.</summary>
public static class ProtocolConstants
{
    /// <summary>The WebSocket subprotocol that names this version and its encoding.</summary>
    public const string Subprotocol = "realtimekit.v1.json";

    /// <summary>The largest frame that a server takes from a client, in bytes.</summary>
    public const int MaxFrameBytes = 65_536;

    /// <summary>The largest transport message (frames joined by line feeds), in bytes, in either direction.</summary>
    public const int MaxMessageBytes = 1_048_576;

    /// <summary>The longest text of a message, in UTF-16 code units.</summary>
    public const int MaxTextLength = 8_000;

    /// <summary>The longest display name, signal name or reaction, in UTF-16 code units.</summary>
    public const int MaxNameLength = 64;

    /// <summary>The longest reason of a removal, a ban or a mute, in UTF-16 code units.</summary>
    public const int MaxReasonLength = 200;

    /// <summary>The longest reason of a report, in UTF-16 code units.</summary>
    public const int MaxReportReasonLength = 1_000;

    /// <summary>The most users that a report names.</summary>
    public const int MaxReporters = 20;

    /// <summary>The most users that one user may block.</summary>
    public const int MaxBlockedUsers = 1_000;

    /// <summary>The longest query, in UTF-16 code units.</summary>
    public const int MaxQueryLength = 200;

    /// <summary>The largest data of a channel, in bytes of JSON without white space.</summary>
    public const int MaxChannelDataBytes = 8_192;

    /// <summary>The longest slow mode, in seconds.</summary>
    public const int MaxSlowMode = 3_600;

    /// <summary>The longest name of a channel or a user, in characters.</summary>
    public const int MaxIdentifierLength = 128;

    /// <summary>The most messages in one page of history; a larger limit is cut to it.</summary>
    public const int MaxPageSize = 200;

    /// <summary>The page size where a request names none.</summary>
    public const int DefaultPageSize = 50;

    /// <summary>The most users that one request may ask for.</summary>
    public const int MaxUsersPerRequest = 200;

    /// <summary>The largest profile of a user, in bytes of JSON: as many of them as may be asked for fit into one frame.</summary>
    public const int MaxProfileBytes = 4_096;

    /// <summary>Of so many users, those that a connection asked for last, it receives what changes.</summary>
    public const int MaxWatchedUsers = 1_000;

    /// <summary>The most users that one message may mention.</summary>
    public const int MaxMentions = 50;

    /// <summary>The most attachments of one message.</summary>
    public const int MaxAttachments = 10;

    /// <summary>The most users that a reaction lists by name; its count goes on beyond them.</summary>
    public const int MaxReactionUsers = 20;

    /// <summary>The longest text of a last message in a row of an inbox, in UTF-16 code units; a longer one is cut.</summary>
    public const int MaxRowTextLength = 500;

    /// <summary>The deepest nesting of a client's frame, the frame itself being 1.</summary>
    public const int MaxDepth = 64;

    /// <summary>The largest request id: 2^53 - 1, the largest integer that every JSON reader keeps exactly.</summary>
    public const long MaxRequestId = 9_007_199_254_740_991;
}
