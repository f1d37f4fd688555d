using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>A private or direct channel answers an outsider exactly as one that does not exist.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class PrivateChannelTests(QuickStartProcess server) : ProtocolTest(server)
{
    private const string Id = "01890a5d-ac96-774b-bcce-b302099a8057";

    public static TheoryData<string, string> Requests => new()
    {
        { "subscribe", "" },
        { "subscribe", ",\"after\":0" },
        { "subscribe", ",\"after\":100" },
        { "subscribe", ",\"after\":1,\"epoch\":\"another\"" },
        { "subscribe", ",\"recent\":10" },
        { "publish", $",\"message\":{{\"id\":\"{Id}\",\"text\":\"x\"}}" },
        { "publish", $",\"message\":{{\"id\":\"{Id}\",\"text\":\"hello\",\"replyTo\":1}}" },
        { "edit", ",\"sequence\":1,\"text\":\"x\"" },
        { "edit", ",\"sequence\":99,\"text\":\"x\"" },
        { "delete", ",\"sequence\":1" },
        { "react", ",\"sequence\":1,\"reaction\":\"a\"" },
        { "reactions", ",\"sequence\":1" },
        { "history", "" },
        { "history", ",\"thread\":1" },
        { "read", ",\"sequence\":1" },
        { "signal", ",\"name\":\"typing\"" },
        { "signal", ",\"name\":\"presence\"" },
        { "presence", "" },
        { "members", "" },
        { "join", "" },
        { "leave", "" },
        { "unsubscribe", "" },
        // Form comes before visibility.
        { "publish", "" },
        { "publish", $",\"message\":{{\"id\":\"{Id}\"}}" },
        { "edit", ",\"sequence\":0" },
        { "history", ",\"limit\":0" },
        { "subscribe", ",\"recent\":0" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_hidden_channel_answers_exactly_like_none(string type, string fields)
    {
        var ann = await ConnectAsync();
        var outsider = await ConnectAsync();
        var hidden = await CreateAsync(ann, "private");
        var direct = (await ann.RequestAsync("create", new { kind = "direct", members = new[] { NewName("ben") } })).ShouldBe("ok").Text("channel");
        await PublishAsync(ann, hidden, "hello", Id);
        await PublishAsync(ann, direct, "hello", Id);
        var none = NewName("private");

        var answers = new List<string>();
        foreach (var channel in new[] { none, hidden, direct })
        {
            var reply = await RequestRawAsync(outsider, type, $"\"channel\":\"{channel}\"{fields}");
            if (!reply.IsType("ok")) reply.ShouldBeError("not_found", "invalid");
            var number = reply.Field("id").GetRawText();
            answers.Add(reply.GetRawText().Replace($"\"id\":{number}", "\"id\":0", StringComparison.Ordinal).Replace(channel, "CHANNEL", StringComparison.Ordinal));
        }

        answers[1].Should().Be(answers[0]);
        answers[2].Should().Be(answers[0]);
        (await HistoryAsync(ann, hidden)).Items("messages").Should().ContainSingle().Which.Number("version").Should().Be(1);
    }

    [Fact]
    public async Task Everything_about_a_hidden_channel_is_not_found_but_what_is_wrong_in_form()
    {
        var ann = await ConnectAsync();
        var outsider = await ConnectAsync();
        var channel = await CreateAsync(ann, "private");
        await PublishAsync(ann, channel);
        foreach (var (type, fields) in new (string, object)[]
        {
            ("subscribe", new { channel }), ("publish", new { channel, message = new { id = NewId(), text = "x" } }),
            ("edit", new { channel, sequence = 1, text = "x" }), ("delete", new { channel, sequence = 1 }),
            ("react", new { channel, sequence = 1, reaction = "a" }), ("reactions", new { channel, sequence = 1 }), ("history", new { channel }),
            ("read", new { channel, sequence = 1 }), ("signal", new { channel, name = "typing" }), ("presence", new { channel }),
            ("members", new { channel }), ("join", new { channel }),
        })
        {
            (await outsider.RequestAsync(type, fields)).ShouldBeError("not_found");
        }

        (await outsider.RequestAsync("edit", new { channel, sequence = 0 })).ShouldBeError("invalid");
    }

    [Fact]
    public async Task An_outsider_is_told_nothing_of_what_passes()
    {
        var ann = await ConnectAsync();
        var outsider = await ConnectAsync();
        var hidden = await CreateAsync(ann, "private");
        var open = await CreateAsync(ann);
        (await outsider.RequestAsync("subscribe", new { channel = hidden })).ShouldBeError("not_found");
        await SubscribeAsync(outsider, open);
        await PublishAsync(ann, hidden, "secret");
        await ann.RequestAsync("signal", new { channel = hidden, name = "typing" });
        await PublishAsync(ann, open, "open");
        (await NextEventAsync(outsider, open)).ShouldBeEvent(open, "posted", 1);
        await PassAsync(outsider);
        outsider.Log.Should().NotContain(frame => (frame.IsType("event") || frame.IsType("signal")) && frame.Text("channel") == hidden);
    }

    [Fact]
    public async Task A_retry_of_someone_elses_message_in_a_hidden_channel_is_not_found()
    {
        var ann = await ConnectAsync();
        var outsider = await ConnectAsync();
        var channel = await CreateAsync(ann, "private");
        var id = NewId();
        await PublishAsync(ann, channel, "x", id);
        (await outsider.RequestAsync("publish", new { channel, message = new { id, text = "x" } })).ShouldBeError("not_found");
    }
}
