using System.Text.Json;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Reads and checks the settings of channels, as clients and the application's own code give them.</summary>
internal static class ChannelFields
{
    private const string DataRule = "must be a JSON object";

    /// <summary>The field <c>data</c> in compact form, or nothing where it is absent.</summary>
    public static JsonValue? Data(ref FrameFields fields)
    {
        var raw = fields.RawMemory(FrameField.Data);
        if (raw.IsEmpty) return null;
        if (raw.Span[0] != (byte)'{')
        {
            fields.Fail(ErrorCodes.Invalid, FrameField.Data, DataRule);
            return null;
        }

        // What is wrong with the frame was noted before, and cannot be read again.
        if (fields.Fault is not null) return null;
        using var document = JsonDocument.Parse(raw, new JsonDocumentOptions { MaxDepth = 2 * ProtocolConstants.MaxDepth });
        var data = JsonValue.FromElement(document.RootElement);
        if (data.Utf8.Length > ProtocolConstants.MaxChannelDataBytes)
            fields.Fail(ErrorCodes.TooLarge, FrameField.Data, $"may have at most {ProtocolConstants.MaxChannelDataBytes} bytes");
        return data;
    }

    /// <summary>The field <c>slowMode</c>, or nothing where it is absent.</summary>
    public static int? SlowMode(ref FrameFields fields)
    {
        var seconds = fields.Integer(FrameField.SlowMode, 0);
        if (seconds > ProtocolConstants.MaxSlowMode)
            fields.Fail(ErrorCodes.Invalid, FrameField.SlowMode, $"must be an integer from 0 to {ProtocolConstants.MaxSlowMode}");
        return (int?)seconds;
    }

    /// <summary>The change that an edit of the application asks for.</summary>
    /// <exception cref="ArgumentException">The edit is not valid.</exception>
    public static SettingsChange ToChange(this ChannelEdit edit, string channel)
    {
        TextRules.Require(edit.Name);
        if (edit.Name?.Length > ProtocolConstants.MaxNameLength)
            throw new ArgumentException($"A channel's name may have at most {ProtocolConstants.MaxNameLength} UTF-16 code units.", nameof(edit));
        if (edit.SlowMode is < 0 or > ProtocolConstants.MaxSlowMode)
            throw new ArgumentException($"Slow mode must be from 0 to {ProtocolConstants.MaxSlowMode} seconds.", nameof(edit));
        var data = Require(edit.Data);
        return new SettingsChange(channel)
        {
            Name = new(edit.Name is not null || edit.Remove.HasFlag(ChannelParts.Name), edit.Name),
            Data = new(data is not null || edit.Remove.HasFlag(ChannelParts.Data), data),
            Closed = edit.Closed,
            SlowMode = edit.SlowMode,
        };
    }

    /// <summary>The application's data in compact form.</summary>
    /// <exception cref="ArgumentException">It is no object, or too large.</exception>
    public static JsonValue? Require(JsonValue? data)
    {
        if (data is null) return null;
        var element = data.ToElement();
        var compact = element.ValueKind == JsonValueKind.Object ? JsonValue.FromElement(element) : throw new ArgumentException($"A channel's data {DataRule}.", nameof(data));
        return compact.Utf8.Length <= ProtocolConstants.MaxChannelDataBytes ? compact
            : throw new ArgumentException($"A channel's data may have at most {ProtocolConstants.MaxChannelDataBytes} bytes.", nameof(data));
    }
}
