using System.Text.Json;
using FluentAssertions;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>What a frame of the contract looks like, field by field.</summary>
public static class FrameAssertions
{
    /// <summary>RFC 3339, UTC, milliseconds.</summary>
    public const string TimePattern = @"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$";

    private static readonly string[] Codes =
    [
        "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "too_large", "too_many", "rate_limited", "unavailable",
        "unsupported", "internal",
    ];

    public static JsonElement ShouldBe(this JsonElement frame, string type)
    {
        frame.Text("type").Should().Be(type, "this came: {0}", frame.Brief());
        return frame;
    }

    public static JsonElement ShouldBeError(this JsonElement frame, params string[] codes)
    {
        frame.ShouldBe("error").Text("code").Should().BeOneOf(codes, "this came: {0}", frame.Brief());
        Codes.Should().Contain(frame.Text("code"));
        frame.Text("message").Should().NotBeNullOrWhiteSpace();
        frame.Text("message").Should().NotContainAny(["Exception", "   at ", "SQLite", "System."], "a message reveals no internals");
        return frame;
    }

    public static string Time(this JsonElement element, string field)
    {
        element.Text(field).Should().MatchRegex(TimePattern, "'{0}' is a time in {1}", field, element.Brief());
        return element.Text(field);
    }

    public static void ShouldLack(this JsonElement element, params string[] fields)
    {
        foreach (var field in fields) element.Has(field).Should().BeFalse("'{0}' is not to be in {1}", field, element.Brief());
    }

    /// <summary>Equal as JSON values: key order and the form of numbers and strings do not matter.</summary>
    public static void ShouldEqualJson(this JsonElement actual, string expected) =>
        JsonElement.DeepEquals(actual, Frames.Parse(expected)).Should().BeTrue("{0} is to equal {1} as a value", actual.Brief(), expected);

    /// <summary>A `published` with every field it has, each of its type.</summary>
    public static JsonElement ShouldBePublished(this JsonElement frame, string channel, string messageId, long sequence, long version, bool duplicate)
    {
        frame.ShouldBe("published");
        frame.Text("channel").Should().Be(channel);
        frame.Text("messageId").Should().Be(messageId);
        frame.Number("sequence").Should().Be(sequence);
        frame.Number("version").Should().Be(version);
        frame.Flag("duplicate").Should().Be(duplicate);
        frame.Time("time");
        return frame;
    }

    /// <summary>A message with all the fields every message has, and the optional ones in their types.</summary>
    public static JsonElement ShouldBeMessage(this JsonElement message, string channel, long sequence, long version, string sender)
    {
        Guid.TryParseExact(message.Text("id"), "D", out _).Should().BeTrue("'id' is a UUID in {0}", message.Brief());
        message.Text("channel").Should().Be(channel);
        message.Number("sequence").Should().Be(sequence);
        message.Number("version").Should().Be(version);
        message.Text("sender").Should().Be(sender);
        message.Time("time");
        if (message.Has("text")) message.Text("text");
        if (message.Has("replyTo")) message.Number("replyTo").Should().BePositive();
        if (message.Has("thread")) message.Number("thread").Should().BePositive();
        if (message.Has("attachments"))
            message.Items("attachments").Should().OnlyContain(attachment => attachment.ValueKind == JsonValueKind.Object);
        if (message.Has("mentions"))
            message.Items("mentions").Should().OnlyContain(mention => mention.ValueKind == JsonValueKind.String);
        if (message.Has("editedAt")) message.Time("editedAt");
        if (message.Has("deletedAt")) message.Time("deletedAt");
        if (message.Has("reactions")) message.Field("reactions").ShouldBeReactions();
        return message;
    }

    /// <summary>`{reaction: {count, users}}` without zero counts, at most 20 users named.</summary>
    public static JsonElement ShouldBeReactions(this JsonElement reactions)
    {
        reactions.ValueKind.Should().Be(JsonValueKind.Object);
        foreach (var reaction in reactions.EnumerateObject())
        {
            reaction.Value.Number("count").Should().BePositive();
            reaction.Value.Texts("users").Should().HaveCountLessThanOrEqualTo(20).And.OnlyHaveUniqueItems();
            reaction.Value.Items("users").Should().HaveCount((int)Math.Min(20, reaction.Value.Number("count")));
        }

        return reactions;
    }

    /// <summary>An `event` of one kind with its version.</summary>
    public static JsonElement ShouldBeEvent(this JsonElement frame, string channel, string kind, long version)
    {
        frame.ShouldBe("event");
        frame.Text("channel").Should().Be(channel);
        frame.Text("kind").Should().Be(kind, "this came: {0}", frame.Brief());
        frame.Number("version").Should().Be(version, "this came: {0}", frame.Brief());
        frame.ShouldLack("id");
        return frame;
    }
}
