using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>The order desk's own rules hold in its chat, and its own code speaks there.</summary>
[Collection(nameof(OrderDeskCollection))]
public sealed class OrderChatTests(OrderDeskProcess desk) : ProtocolTest(desk)
{
    [Fact]
    public async Task Who_may_see_an_order_may_talk_about_it_and_to_others_there_is_no_such_channel()
    {
        var (_, channel) = await desk.PlaceAsync("ann");
        var ann = await ConnectAsync("ann");
        var eva = await ConnectAsync("eva");
        var bob = await ConnectAsync("bob");
        var stranger = await OpenAnonymousAsync();
        (await stranger.RequestAsync("connect", new { token = new TokenMaker(desk.Key).Make("mallory") })).ShouldBe("connected");
        await SubscribeAsync(ann, channel);
        await SubscribeAsync(eva, channel);
        await PublishAsync(eva, channel, "May I help?");
        (await NextEventAsync(ann, channel)).Field("message").Text("sender").Should().Be("eva");
        foreach (var other in new[] { bob, stranger })
        {
            foreach (var (type, fields) in new (string, object)[]
            {
                ("subscribe", new { channel }), ("history", new { channel }), ("presence", new { channel }), ("join", new { channel }),
                ("publish", new { channel, message = new { id = NewId(), text = "hello" } }), ("delete", new { channel, sequence = 1 }),
            })
                (await other.RequestAsync(type, fields)).ShouldBeError("not_found");
            var hidden = (await other.RequestAsync("subscribe", new { channel })).Text("message").Replace(channel, "x", StringComparison.Ordinal);
            var absent = (await other.RequestAsync("subscribe", new { channel = "order-999999" })).Text("message").Replace("order-999999", "x", StringComparison.Ordinal);
            hidden.Should().Be(absent);
        }
    }

    [Fact]
    public async Task The_staff_may_delete_and_a_customer_only_what_is_the_customers()
    {
        var (_, channel) = await desk.PlaceAsync("ann");
        var ann = await ConnectAsync("ann");
        var eva = await ConnectAsync("eva");
        await PublishAsync(ann, channel, "my card number is …");
        await PublishAsync(eva, channel, "Please do not tell us that.");
        (await ann.RequestAsync("delete", new { channel, sequence = 2 })).ShouldBeError("forbidden");
        (await eva.RequestAsync("edit", new { channel, sequence = 1, text = "changed" })).ShouldBeError("forbidden");
        (await eva.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "changed" })).ShouldBeError("conflict");
    }

    [Fact]
    public async Task The_staff_moderate_customers_by_the_applications_policies()
    {
        var (_, channel) = await desk.PlaceAsync("ann");
        var ann = await ConnectAsync("ann");
        var eva = await ConnectAsync("eva");
        await PublishAsync(ann, channel, "rude");
        await PublishAsync(eva, channel, "Please be kind.");
        (await ann.RequestAsync("mute", new { channel, user = "eva" })).ShouldBeError("forbidden");
        (await eva.RequestAsync("mute", new { channel, user = "scanner-1" })).ShouldBeError("forbidden");
        (await eva.RequestAsync("mute", new { channel, user = "ann" })).ShouldBe("ok");
        (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "x" } })).ShouldBeError("forbidden");
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "x" })).ShouldBeError("forbidden");
        (await ann.RequestAsync("report", new { channel, sequence = 2, reason = "unfair" })).ShouldBe("ok");
        (await ann.RequestAsync("reports", new { channel })).ShouldBeError("forbidden");
        var report = (await eva.RequestAsync("reports", new { channel })).ShouldBe("reports").Items("reports").Single();
        report.Text("reason").Should().Be("unfair");
        (await ann.RequestAsync("resolve", new { channel, report = report.Text("report"), state = "acted" })).ShouldBeError("forbidden");
        (await eva.RequestAsync("resolve", new { channel, report = report.Text("report"), state = "dismissed" })).ShouldBe("ok");
        (await eva.RequestAsync("unmute", new { channel, user = "ann" })).ShouldBe("ok");
        await PublishAsync(ann, channel, "sorry");
        (await ann.RequestAsync("update", new { channel, closed = true })).ShouldBeError("forbidden");
        (await eva.RequestAsync("update", new { channel, closed = true })).ShouldBe("ok");
        (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "x" } })).ShouldBeError("forbidden");
        await PublishAsync(eva, channel, "This is done.");
    }

    [Theory]
    [InlineData("create", """{"channel":"order-1","kind":"private"}""")]
    [InlineData("create", """{"channel":"chatter","kind":"public"}""")]
    public async Task Nobody_makes_channels_beside_the_orders(string type, string fields)
    {
        var eva = await ConnectAsync("eva");
        (await eva.RequestAsync(type, System.Text.Json.Nodes.JsonNode.Parse(fields)!.AsObject())).ShouldBeError("forbidden");
    }

    [Fact]
    public async Task A_step_of_the_order_is_told_by_the_controller_as_who_took_it_and_by_the_background_service_as_the_application()
    {
        var (order, channel) = await desk.PlaceAsync("ann");
        var ann = await ConnectAsync("ann");
        await SubscribeAsync(ann, channel);
        var scanner = await desk.TokenAsync("scanner-1");

        (await StepAsync(scanner, order, "packed")).Should().Be(204);
        ShouldTell(await NextEventAsync(ann, channel), "scanner-1", "packed");
        (await StepAsync(scanner, order, "packed")).Should().Be(409);
        (await StepAsync(await desk.TokenAsync("ann"), order, "shipped")).Should().Be(403);
        (await StepAsync(scanner, order, "shipped")).Should().Be(204);
        ShouldTell(await NextEventAsync(ann, channel), "scanner-1", "shipped");
        ShouldTell(await NextEventAsync(ann, channel), "system", "delivered");
        (await HistoryAsync(ann, channel)).Sequences().Should().Equal(1, 2, 3);
    }

    private async Task<int> StepAsync(string token, long order, string status) =>
        (await desk.CallAsync(token, HttpMethod.Post, $"/api/orders/{order}/status", new { status })).Status;

    private static void ShouldTell(JsonElement told, string sender, string status)
    {
        var message = told.Field("message");
        message.Text("sender").Should().Be(sender);
        message.Text("text").Should().Be($"The order is {status}.");
        message.Field("data").Text("status").Should().Be(status);
    }
}
