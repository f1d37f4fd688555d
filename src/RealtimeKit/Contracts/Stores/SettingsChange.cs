using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>A change of a channel's settings. What it does not name stays.</summary>
/// <param name="Channel">The channel.</param>
public sealed record SettingsChange(string Channel)
{
    /// <summary>What becomes of the display name.</summary>
    public PartEdit<string> Name { get; init; }

    /// <summary>What becomes of the application's data.</summary>
    public PartEdit<JsonValue> Data { get; init; }

    /// <summary>Whether the channel is closed; <see langword="null"/> keeps it.</summary>
    public bool? Closed { get; init; }

    /// <summary>The seconds of slow mode; <see langword="null"/> keeps them.</summary>
    public int? SlowMode { get; init; }

    /// <summary>Who makes it, where that is a user: then an action is kept. <see langword="null"/> for the application.</summary>
    public string? By { get; init; }

    /// <summary>When, UTC, in whole milliseconds.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Whether the channel's revision rises in any case, because rights changed that the store does not know.</summary>
    public bool Revises { get; init; }

    /// <summary>
    /// The channel's revision at which the change was permitted: where the channel has another by now, nothing is changed and the outcome is
    /// <see cref="SettingsOutcome.Stale"/>. Any revision where this is <see langword="null"/>.
    /// </summary>
    public long? Revision { get; init; }

    /// <summary>Decides on the change. A pure function, which a store calls inside its transaction with what it found.</summary>
    /// <param name="found">The settings and the revision that the channel has; <see langword="null"/> where it does not exist.</param>
    public SettingsResult Decide((ChannelSettings Settings, long Revision)? found)
    {
        if (found is not var (before, revision)) return new SettingsResult(SettingsOutcome.NoChannel, new ChannelSettings(), 0);
        if (Revision is { } permitted && permitted != revision) return new SettingsResult(SettingsOutcome.Stale, before, revision);
        var after = new ChannelSettings(Name.Apply(before.Name), Data.Apply(before.Data), Closed ?? before.Closed, SlowMode ?? before.SlowMode);
        if (after == before && !Revises) return new SettingsResult(SettingsOutcome.Unchanged, before, revision);
        // Also where a right is given back: nodes keep what they know of a channel.
        var revises = Revises || after.Closed != before.Closed || after.SlowMode != before.SlowMode;
        return new SettingsResult(
            SettingsOutcome.Changed, after, revises ? revision + 1 : revision, By is null ? null : new ChannelAction(Time, By, "update", Data: Fields()));
    }

    // The fields that were set, as the request had them.
    private JsonValue Fields()
    {
        using var buffer = new FrameBuffer();
        using (var json = new System.Text.Json.Utf8JsonWriter(buffer, FrameWriter.Options))
        {
            json.WriteStartObject();
            if (Name.Replaces) json.WriteString("name"u8, Name.Value);
            if (Data is { Replaces: true, Value: { } data }) MessageCodec.WriteRaw(json, "data"u8, data);
            else if (Data.Replaces) json.WriteNull("data"u8);
            if (Closed is { } closed) json.WriteBoolean("closed"u8, closed);
            if (SlowMode is { } seconds) json.WriteNumber("slowMode"u8, seconds);
            json.WriteEndObject();
        }

        return JsonValue.FromTrusted(buffer.WrittenSpan.ToArray());
    }
}

/// <summary>What became of a change of settings.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Settings">The settings as they now are. To be written where the outcome is <see cref="SettingsOutcome.Changed"/>.</param>
/// <param name="Revision">The channel's revision, to be written with them: it rises where a right is taken or given back.</param>
/// <param name="Action">The action to be kept with it, if any.</param>
public readonly record struct SettingsResult(SettingsOutcome Outcome, ChannelSettings Settings, long Revision, ChannelAction? Action = null);

/// <summary>What may become of a change of settings.</summary>
public enum SettingsOutcome
{
    /// <summary>They changed.</summary>
    Changed,

    /// <summary>They were so already.</summary>
    Unchanged,

    /// <summary>The channel does not exist.</summary>
    NoChannel,

    /// <summary>The change was permitted at another revision than the channel has by now.</summary>
    Stale,
}
