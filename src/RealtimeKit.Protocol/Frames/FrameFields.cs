using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace RealtimeKit.Protocol;

/// <summary>
/// Where the known fields of one JSON object lie in its text, found in one pass without allocating. Reading is total: a
/// field of the wrong form notes the first <see cref="Fault"/> and yields a default, so that a handler asks once.
/// </summary>
internal struct FrameFields
{
    private ReadOnlyMemory<byte> _json;
    private Slices _slices;

    /// <summary>What is wrong with the object, or <see langword="null"/>.</summary>
    public FrameFault? Fault { get; private set; }

    /// <summary>Finds the fields of a client's frame.</summary>
    /// <returns>False where <paramref name="json"/> is not one JSON object in UTF-8; then nothing else may be asked.</returns>
    public static bool TryScan(ReadOnlyMemory<byte> json, out FrameFields fields)
    {
        fields = new FrameFields { _json = json };
        if (!Utf8.IsValid(json.Span)) return false;
        try
        {
            return fields.Scan();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The frame's size in bytes.</summary>
    public readonly int Length => _json.Length;

    public readonly bool Has(FrameField field) => !Raw(field).IsEmpty;

    /// <summary>The text of a field's value; empty where it is absent or null.</summary>
    public readonly ReadOnlySpan<byte> Raw(FrameField field) => RawMemory(field).Span;

    public readonly ReadOnlyMemory<byte> RawMemory(FrameField field)
    {
        var slice = _slices[(int)field];
        return slice.Length == 0 || IsNull(_json.Span.Slice(slice.Start, slice.Length))
            ? default
            : _json.Slice(slice.Start, slice.Length);
    }

    /// <summary>Whether the field is there with the value null, which in an edit removes.</summary>
    public readonly bool IsNull(FrameField field)
    {
        var slice = _slices[(int)field];
        return slice.Length > 0 && IsNull(_json.Span.Slice(slice.Start, slice.Length));
    }

    /// <summary>The string of a field without its quotes, where it has no escapes; else false, and the string must be decoded.</summary>
    public readonly bool TryPlainString(FrameField field, out ReadOnlySpan<byte> value)
    {
        value = Raw(field);
        if (value.Length < 2 || value[0] != (byte)'"' || value.Contains((byte)'\\')) return false;
        value = value[1..^1];
        return true;
    }

    public string? String(FrameField field)
    {
        if (TryPlainString(field, out var plain)) return Encoding.UTF8.GetString(plain);
        var raw = Raw(field);
        if (raw.IsEmpty) return null;
        if (raw[0] != (byte)'"')
        {
            Fail(ErrorCodes.Invalid, field, "must be a string");
            return null;
        }

        // What is not text was noted as a fault when the frame was scanned, and cannot be decoded.
        if (!EscapesAreText(raw)) return "\uFFFD";
        var reader = new Utf8JsonReader(raw);
        reader.Read();
        return reader.GetString();
    }

    /// <summary>A string of a bounded number of UTF-16 code units; over it the fault is <paramref name="codeIfLonger"/>.</summary>
    public string? String(FrameField field, int longest, string codeIfLonger)
    {
        var value = String(field);
        if (value?.Length > longest) Fail(codeIfLonger, field, $"may have at most {longest} UTF-16 code units");
        return value;
    }

    /// <summary>A string that must be there, of 1 to <paramref name="longest"/> UTF-16 code units.</summary>
    public string RequiredString(FrameField field, int longest, string codeIfLonger)
    {
        var value = String(field, longest, codeIfLonger);
        if (string.IsNullOrEmpty(value)) Fail(ErrorCodes.Invalid, field, "must be a string that is not empty");
        return value ?? "";
    }

    /// <summary>A channel that must be there.</summary>
    public string Identifier(FrameField field)
    {
        var value = String(field);
        if (value is null || !Identifiers.IsValid(value))
            Fail(ErrorCodes.Invalid, field, "must be 1 to 128 ASCII letters, digits or any of - _ . : @");
        return value ?? "";
    }

    /// <summary>A user that must be there.</summary>
    public string User(FrameField field)
    {
        var value = String(field);
        if (value is null || !UserNames.IsValid(value)) Fail(ErrorCodes.Invalid, field, $"must be {UserNames.Rule}");
        return value ?? "";
    }

    /// <summary>An integer of at least <paramref name="least"/>; one beyond 64 bits counts as the largest.</summary>
    public long? Integer(FrameField field, long least)
    {
        var raw = Raw(field);
        if (raw.IsEmpty) return null;
        if (TryInteger(raw, out var value) && value >= least) return value;
        Fail(ErrorCodes.Invalid, field, $"must be an integer of at least {least}");
        return null;
    }

    public long RequiredInteger(FrameField field, long least)
    {
        var value = Integer(field, least);
        if (value is null) Fail(ErrorCodes.Invalid, field, $"must be an integer of at least {least}");
        return value ?? least;
    }

    /// <summary>A time, as RFC 3339 has it, in whole milliseconds.</summary>
    public DateTimeOffset? Time(FrameField field)
    {
        var text = String(field);
        if (text is null) return null;
        // Without an offset it would be a time of wherever the server stands.
        var hasOffset = text is [.., 'Z'] or [.., '+' or '-', _, _, ':', _, _];
        if (hasOffset && DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
            return time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond)).ToUniversalTime();
        Fail(ErrorCodes.Invalid, field, "must be a time such as 2026-01-31T12:00:00.000Z");
        return null;
    }

    /// <summary>A page size: cut to the most that is allowed.</summary>
    public int? PageSize(FrameField field) => (int?)Math.Min(Integer(field, 1) ?? -1, ProtocolConstants.MaxPageSize) is > 0 and var size ? size : null;

    public bool Boolean(FrameField field)
    {
        var raw = Raw(field);
        if (raw.IsEmpty || raw.SequenceEqual("false"u8)) return false;
        if (!raw.SequenceEqual("true"u8)) Fail(ErrorCodes.Invalid, field, "must be true or false");
        return true;
    }

    /// <summary>A list of users, or nothing where the field is absent.</summary>
    public IReadOnlyList<string>? Users(FrameField field, int most)
    {
        var raw = Raw(field);
        if (raw.IsEmpty) return null;
        if (raw[0] != (byte)'[')
        {
            Fail(ErrorCodes.Invalid, field, "must be a list of users");
            return null;
        }

        var users = new List<string>();
        var reader = new Utf8JsonReader(raw);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var isText = reader.TokenType == JsonTokenType.String && (!reader.ValueIsEscaped || EscapesAreText(reader.ValueSpan));
            var user = isText ? reader.GetString() : null;
            if (user is null || !UserNames.IsValid(user))
            {
                Fail(ErrorCodes.Invalid, field, $"must be a list of users, each {UserNames.Rule}");
                return null;
            }

            if (users.Count == most)
            {
                Fail(ErrorCodes.Invalid, field, $"may name at most {most} users");
                return null;
            }

            users.Add(user);
        }

        return users;
    }

    /// <summary>The known fields of an object that is the value of a field.</summary>
    public FrameFields Object(FrameField field)
    {
        var raw = RawMemory(field);
        if (raw.Length > 0 && raw.Span[0] == (byte)'{' && TryScan(raw, out var inner)) return inner;
        if (raw.Length > 0) Fail(ErrorCodes.Invalid, field, "must be an object");
        return default;
    }

    /// <summary>
    /// Notes a fault; the first one stays, but for one of a length alone where the form is wrong as well. What is not offered goes before all.
    /// </summary>
    public void Fail(string code, FrameField field, string rule) => Fail(new FrameFault(code, $"'{NameOf(field)}' {rule}."));

    public void Fail(FrameFault fault)
    {
        if (Fault is null || fault.Code == ErrorCodes.Unsupported || (Fault.Code == ErrorCodes.TooLarge && fault.Code == ErrorCodes.Invalid)) Fault = fault;
    }

    /// <summary>Reads a JSON integer without fraction or exponent; beyond 64 bits it saturates.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> raw, out long value)
    {
        value = 0;
        var digits = raw.Length > 0 && raw[0] == (byte)'-' ? raw[1..] : raw;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
        if (!long.TryParse(raw, System.Globalization.CultureInfo.InvariantCulture, out value))
            value = raw[0] == (byte)'-' ? long.MinValue : long.MaxValue;
        return true;
    }

    private static bool IsNull(ReadOnlySpan<byte> raw) => raw.Length == 4 && raw[0] == (byte)'n';

    private static string NameOf(FrameField field) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(field.ToString());

    private bool Scan()
    {
        // Frames are bounded in bytes, so the reader may go as deep as they can be: a deep one is still answered by its id.
        var reader = new Utf8JsonReader(_json.Span, new JsonReaderOptions { MaxDepth = int.MaxValue });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        var field = FrameField.Count;
        var start = 0;
        while (reader.Read())
        {
            var token = reader.TokenType;
            var isText = token is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped || EscapesAreText(reader.ValueSpan);
            if (!isText) Fault ??= new FrameFault(ErrorCodes.Invalid, "U+0000 and unpaired surrogates are not text.");
            if (token is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= ProtocolConstants.MaxDepth)
                Fault ??= new FrameFault(ErrorCodes.Invalid, $"A frame may be nested at most {ProtocolConstants.MaxDepth} deep.");
            if (reader.CurrentDepth != 1) continue;
            if (token == JsonTokenType.PropertyName) field = isText ? Known(ref reader) : FrameField.Count;
            else if (token is JsonTokenType.StartObject or JsonTokenType.StartArray) start = (int)reader.TokenStartIndex;
            else if (field != FrameField.Count)
                _slices[(int)field] = token is JsonTokenType.EndObject or JsonTokenType.EndArray
                    ? new Slice(start, (int)reader.BytesConsumed - start)
                    : new Slice((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
        }

        return true;
    }

    private static bool EscapesAreText(ReadOnlySpan<byte> value)
    {
        var high = false;
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] != (byte)'\\')
            {
                if (high) return false;
                continue;
            }

            if (value[++i] != (byte)'u')
            {
                if (high) return false;
                continue;
            }

            _ = ushort.TryParse(value.Slice(i + 1, 4), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture, out var unit);
            i += 4;
            if (unit == 0 || high != char.IsLowSurrogate((char)unit)) return false;
            high = char.IsHighSurrogate((char)unit);
        }

        return !high;
    }

    private static FrameField Known(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped || reader.ValueSpan.Length is < 2 or > 11) return KnownEscaped(ref reader);
        return reader.ValueSpan switch
        {
            var s when s.SequenceEqual("type"u8) => FrameField.Type,
            var s when s.SequenceEqual("id"u8) => FrameField.Id,
            var s when s.SequenceEqual("channel"u8) => FrameField.Channel,
            var s when s.SequenceEqual("message"u8) => FrameField.Message,
            var s when s.SequenceEqual("text"u8) => FrameField.Text,
            var s when s.SequenceEqual("data"u8) => FrameField.Data,
            var s when s.SequenceEqual("token"u8) => FrameField.Token,
            var s when s.SequenceEqual("client"u8) => FrameField.Client,
            var s when s.SequenceEqual("after"u8) => FrameField.After,
            var s when s.SequenceEqual("before"u8) => FrameField.Before,
            var s when s.SequenceEqual("epoch"u8) => FrameField.Epoch,
            var s when s.SequenceEqual("recent"u8) => FrameField.Recent,
            var s when s.SequenceEqual("sequence"u8) => FrameField.Sequence,
            var s when s.SequenceEqual("replyTo"u8) => FrameField.ReplyTo,
            var s when s.SequenceEqual("attachments"u8) => FrameField.Attachments,
            var s when s.SequenceEqual("mentions"u8) => FrameField.Mentions,
            var s when s.SequenceEqual("reaction"u8) => FrameField.Reaction,
            var s when s.SequenceEqual("remove"u8) => FrameField.Remove,
            var s when s.SequenceEqual("thread"u8) => FrameField.Thread,
            var s when s.SequenceEqual("limit"u8) => FrameField.Limit,
            var s when s.SequenceEqual("name"u8) => FrameField.Name,
            var s when s.SequenceEqual("kind"u8) => FrameField.Kind,
            var s when s.SequenceEqual("members"u8) => FrameField.Members,
            var s when s.SequenceEqual("version"u8) => FrameField.Version,
            var s when s.SequenceEqual("user"u8) => FrameField.User,
            var s when s.SequenceEqual("role"u8) => FrameField.Role,
            var s when s.SequenceEqual("until"u8) => FrameField.Until,
            var s when s.SequenceEqual("reason"u8) => FrameField.Reason,
            var s when s.SequenceEqual("closed"u8) => FrameField.Closed,
            var s when s.SequenceEqual("slowMode"u8) => FrameField.SlowMode,
            var s when s.SequenceEqual("notify"u8) => FrameField.Notify,
            var s when s.SequenceEqual("pinned"u8) => FrameField.Pinned,
            var s when s.SequenceEqual("hidden"u8) => FrameField.Hidden,
            var s when s.SequenceEqual("users"u8) => FrameField.Users,
            var s when s.SequenceEqual("query"u8) => FrameField.Query,
            var s when s.SequenceEqual("report"u8) => FrameField.Report,
            var s when s.SequenceEqual("state"u8) => FrameField.State,
            var s when s.SequenceEqual("sender"u8) => FrameField.Sender,
            var s when s.SequenceEqual("since"u8) => FrameField.Since,
            var s when s.SequenceEqual("stream"u8) => FrameField.Stream,
            _ => FrameField.Count,
        };
    }

    private static FrameField KnownEscaped(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return FrameField.Count;
        for (var field = FrameField.Type; field < FrameField.Count; field++)
            if (reader.ValueTextEquals(NameOf(field))) return field;
        return FrameField.Count;
    }

    private readonly record struct Slice(int Start, int Length);

    [InlineArray((int)FrameField.Count)]
    private struct Slices
    {
        private Slice _first;
    }
}

/// <summary>What is wrong with a frame: the code and a sentence for the developer at the other end.</summary>
internal sealed record FrameFault(string Code, string Message);
