namespace RealtimeKit.Protocol;

/// <summary>New settings for a channel: what is <see langword="null"/> here stays as it is, unless <see cref="Remove"/> names it.</summary>
public sealed record ChannelEdit
{
    /// <summary>The new display name: at most 64 UTF-16 code units.</summary>
    public string? Name { get; init; }

    /// <summary>The application's new data: a JSON object of at most 8,192 bytes without white space.</summary>
    public JsonValue? Data { get; init; }

    /// <summary>Whether nobody below owner may change anything in the channel.</summary>
    public bool? Closed { get; init; }

    /// <summary>The new seconds between two posts of a user below moderator: 0 to 3,600.</summary>
    public int? SlowMode { get; init; }

    /// <summary>The parts to take away.</summary>
    public ChannelParts Remove { get; init; }
}

/// <summary>Parts of a channel's settings.</summary>
[Flags]
public enum ChannelParts
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The display name.</summary>
    Name = 1,

    /// <summary>The application's data.</summary>
    Data = 2,
}
