using System.Threading.Channels;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The application's own door: channels, members, sending, history, presence.</summary>
public sealed class MessagingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_channel_is_made_once_found_and_deleted_with_its_subscriptions()
    {
        await using var node = await TestNode.StartAsync();
        var made = await node.Messaging.Channels.EnsureAsync("a", name: "Alpha", cancellationToken: Cancel);
        (await node.Messaging.Channels.EnsureAsync("a", name: "Another", cancellationToken: Cancel)).Should().Be(made);
        (await node.Messaging.Channels.GetAsync("a", Cancel))!.Settings.Name.Should().Be("Alpha");
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        (await node.Messaging.Channels.DeleteAsync("a", Cancel)).Should().BeTrue();
        (await ann.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("deleted");
        (await node.Messaging.Channels.GetAsync("a", Cancel)).Should().BeNull();
        (await node.Messaging.Channels.DeleteAsync("a", Cancel)).Should().BeFalse();
        (await ann.RequestAsync("""{"type":"subscribe","id":3,"channel":"a"}""", 3)).GetProperty("code").GetString().Should().Be("not_found");
    }

    [Fact]
    public async Task The_application_sends_as_itself_or_as_a_user_and_a_repeated_id_is_stored_once()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        var message = new OutgoingMessage { Text = "Welcome", Data = JsonValue.Parse("{\n\"order\": 7 }") };
        var sent = await node.Messaging.Messages.SendAsync("a", message, cancellationToken: Cancel);
        var again = await node.Messaging.Messages.SendAsync("a", message, cancellationToken: Cancel);
        await node.Messaging.Messages.SendAsync("a", "From Bob", sender: "bob", cancellationToken: Cancel);

        sent.Sequence.Should().Be(1);
        again.Should().Be(sent with { Duplicate = true });
        var told = (await ann.WaitForAsync("event")).GetProperty("message");
        told.GetProperty("sender").GetString().Should().Be("system");
        told.GetProperty("data").GetProperty("order").GetInt32().Should().Be(7);
        var page = await node.Messaging.Messages.ReadHistoryAsync("a", cancellationToken: Cancel);
        page.Messages.Select(stored => (stored.Sequence, stored.Sender, stored.Text)).Should().Equal((1, "system", "Welcome"), (2, "bob", "From Bob"));
    }

    [Fact]
    public async Task An_id_belongs_to_who_publishes_it_first_in_its_channel()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await node.Messaging.Channels.EnsureAsync("b", cancellationToken: Cancel);
        await using var eve = await node.ConnectAsync("eve");
        var id = Guid.NewGuid();
        await eve.RequestAsync(PublishOrderTests.Publish(2, "a", id, "Paid"), 2);
        await eve.RequestAsync("""{"type":"edit","id":3,"channel":"a","sequence":1,"text":"Not paid"}""", 3);
        var message = new OutgoingMessage { Id = new MessageId(id), Text = "Paid" };

        var sending = () => node.Messaging.Messages.SendAsync("a", message, cancellationToken: Cancel);
        (await sending.Should().ThrowAsync<MessageIdConflictException>()).Which.Should().Match<MessageIdConflictException>(error => error.Channel == "a" && error.Id == message.Id);
        (await node.Messaging.Messages.SendAsync("a", message, sender: "eve", cancellationToken: Cancel)).Should().Match<SentMessage>(sent => sent.Duplicate && sent.Sequence == 1);
        (await node.Messaging.Messages.ReadHistoryAsync("a", cancellationToken: Cancel)).Messages.Should().ContainSingle().Which.Text.Should().Be("Not paid");
        (await node.Messaging.Messages.SendAsync("b", message, cancellationToken: Cancel)).Duplicate.Should().BeFalse();
    }

    [Fact]
    public async Task Members_are_added_listed_and_removed_and_the_last_owner_stays()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        (await node.Messaging.Members.AddAsync("p", "bob", cancellationToken: Cancel)).Should().BeTrue();
        (await node.Messaging.Members.AddAsync("p", "bob", cancellationToken: Cancel)).Should().BeFalse();
        (await node.Messaging.Members.ListAsync("p", cancellationToken: Cancel)).Members.Select(member => (member.User, member.Role))
            .Should().Equal(("ann", ChannelRole.Owner), ("bob", ChannelRole.Member));
        (await node.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel)).Should().BeTrue();
        var removal = () => node.Messaging.Members.RemoveAsync("p", "ann", cancellationToken: Cancel);
        (await removal.Should().ThrowAsync<LastOwnerException>()).Which.Should().Match<LastOwnerException>(error => error.Channel == "p" && error.User == "ann");
        var demotion = () => node.Messaging.Members.SetRoleAsync("p", "ann", ChannelRole.Member, cancellationToken: Cancel);
        await demotion.Should().ThrowAsync<LastOwnerException>().WithMessage("*'ann'*last owner*'p'*");
        var unpaired = () => node.Messaging.Channels.EnsureAsync("n", name: "\ud800", cancellationToken: Cancel);
        await unpaired.Should().ThrowAsync<ArgumentException>().WithMessage("*surrogate*");
        var nowhere = () => node.Messaging.Members.AddAsync("nowhere", "bob", cancellationToken: Cancel);
        await nowhere.Should().ThrowAsync<ChannelNotFoundException>().WithMessage("*'nowhere'*Channels.EnsureAsync*");
        var kicking = () => node.Messaging.Members.RemoveAsync("nowhere", "bob", cancellationToken: Cancel);
        await kicking.Should().ThrowAsync<ChannelNotFoundException>();
    }

    [Fact]
    public async Task What_does_not_exist_is_refused_by_kind()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        var sending = () => node.Messaging.Messages.SendAsync("nowhere", "x", cancellationToken: Cancel);
        (await sending.Should().ThrowAsync<ChannelNotFoundException>()).Which.Channel.Should().Be("nowhere");
        var reading = () => node.Messaging.Messages.ReadHistoryAsync("nowhere", cancellationToken: Cancel);
        await reading.Should().ThrowAsync<ChannelNotFoundException>();
        var replying = () => node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = "x", ReplyTo = 7 }, cancellationToken: Cancel);
        (await replying.Should().ThrowAsync<MessageNotFoundException>()).Which.Should().Match<MessageNotFoundException>(error => error.Channel == "a" && error.Sequence == 7);
    }

    [Fact]
    public async Task The_application_sees_who_is_present()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        (await node.Messaging.Channels.GetPresenceAsync("a", Cancel)).Should().ContainSingle().Which.Should().Match<PresentUser>(user => user.User == "ann" && user.Connections == 1);
        await ann.RequestAsync("""{"type":"unsubscribe","id":3,"channel":"a"}""", 3);
        (await node.Messaging.Channels.GetPresenceAsync("a", Cancel)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("", "needs a text")]
    [InlineData("a\0b", "U+0000")]
    [InlineData("half", "surrogate")]
    public async Task A_message_that_no_client_might_send_is_refused(string text, string reason)
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        var sending = () => node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = text.Replace("half", "\ud800", StringComparison.Ordinal) }, cancellationToken: Cancel);
        await sending.Should().ThrowAsync<ArgumentException>().WithMessage($"*{reason}*");
    }

    [Fact]
    public async Task An_interceptor_changes_and_refuses_and_a_retry_of_what_is_stored_is_still_acknowledged()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageInterceptor<Censor>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        var id = Guid.NewGuid();
        await ann.RequestAsync(PublishOrderTests.Publish(2, "a", id, "darn"), 2);
        (await node.Messaging.Messages.ReadHistoryAsync("a", cancellationToken: Cancel)).Messages.Single().Text.Should().Be("d**n");
        (await ann.RequestAsync(PublishOrderTests.Publish(3, "a", id, "darn"), 3)).GetProperty("duplicate").GetBoolean().Should().BeTrue();
        var refused = await ann.RequestAsync(PublishOrderTests.Publish(4, "a", Guid.NewGuid(), "spam"), 4);
        refused.GetProperty("code").GetString().Should().Be("forbidden");
        refused.GetProperty("message").GetString().Should().Be("No advertising.");
    }

    [Fact]
    public async Task An_observer_is_told_of_each_change_in_order_though_it_fails_on_one()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageObserver<Recorder>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        foreach (var text in new[] { "1", "fail", "3" }) await node.Messaging.Messages.SendAsync("a", text, cancellationToken: Cancel);
        var recorder = (Recorder)node.Services.GetRequiredService<IMessageObserver>();
        var told = new List<string?>();
        while (told.Count < 2) told.Add(await recorder.Told.Reader.ReadAsync(Cancel));
        told.Should().Equal("1", "3");
        node.Log.Entries.Should().ContainSingle().Which.Text.Should().Contain("failed on message 2");
    }

    private sealed class Recorder : IMessageObserver
    {
        public Channel<string?> Told { get; } = Channel.CreateUnbounded<string?>();

        public ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken) =>
            message.Text == "fail" ? throw new InvalidOperationException("on purpose") : Told.Writer.WriteAsync(message.Text, cancellationToken);
    }

    private sealed class Censor : IMessageInterceptor
    {
        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) =>
            request.Content.Text == "spam"
                ? throw new MessageRefusedException("No advertising.")
                : ValueTask.FromResult(request.Content with { Text = request.Content.Text?.Replace("darn", "d**n", StringComparison.Ordinal) });
    }

    [Fact]
    public async Task An_observer_may_itself_use_messaging()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().AddMessageObserver<Forwarder>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await node.Messaging.Channels.EnsureAsync("copies", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"copies"}""", 2);
        await node.Messaging.Messages.SendAsync("a", "Hello", cancellationToken: Cancel);

        (await ann.WaitForAsync("event")).GetProperty("message").GetProperty("text").GetString().Should().Be("Hello");
    }

    private sealed class Forwarder(IRealtimeMessages messages) : IMessageObserver
    {
        public async ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken)
        {
            if (change.Channel == "a") await messages.SendAsync("copies", message.Text!, cancellationToken: cancellationToken);
        }
    }
}
