using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What the host registered for itself is the instance that the engine asks, registered before or after.</summary>
public sealed class HostPartsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_engine_asks_the_instance_that_the_host_registered(bool before)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        var mine = new Everything();
        if (before) services.AddSingleton(mine);
        services.AddRealtimeMessaging().UseInMemoryStore()
            .UseAuthenticator<Everything>().UseChannelAuthorizer<Everything>().AddMessageInterceptor<Everything>().AddMessageObserver<Everything>();
        if (!before) services.AddSingleton(mine);
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IAuthenticator>().Should().BeSameAs(mine);
        provider.GetRequiredService<IChannelAuthorizer>().Should().BeSameAs(mine);
        provider.GetServices<IMessageInterceptor>().Should().ContainSingle().Which.Should().BeSameAs(mine);
        provider.GetServices<IMessageObserver>().Should().ContainSingle().Which.Should().BeSameAs(mine);
    }

    [Fact]
    public void A_group_of_the_servers_API_can_be_had_alone_and_has_at_most_twelve_methods()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        // The group of files is that of a package of its own.
        var folder = Directory.CreateTempSubdirectory("realtimekit-parts-");
        services.AddRealtimeMessaging().UseInMemoryStore().AddWebSockets().AddFiles(folder.FullName);
        using var provider = services.BuildServiceProvider();
        var messaging = provider.GetRequiredService<IRealtimeMessaging>();
        foreach (var group in typeof(IRealtimeMessaging).GetProperties())
        {
            provider.GetRequiredService(group.PropertyType).Should().BeSameAs(group.GetValue(messaging));
            group.PropertyType.GetMethods().Length.Should().BeInRange(1, 12, "{0} shall stay small", group.Name);
        }

        typeof(IRealtimeMessaging).GetMethods().Should().OnlyContain(static method => method.IsSpecialName);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Where_the_host_registered_none_there_is_one_and_the_host_can_take_it_from_the_container()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddRealtimeMessaging().UseInMemoryStore().UseChannelAuthorizer<Everything>().AddMessageObserver<Everything>();
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IChannelAuthorizer>().Should().BeSameAs(provider.GetService<Everything>());
        provider.GetRequiredService<IMessageObserver>().Should().BeSameAs(provider.GetService<Everything>());
    }

    [Theory]
    [InlineData("""{"type":"publish","id":2,"channel":"a","message":{"id":"019a2c1e-8f53-7c0e-9d1b-5a7f0c3e2b11","text":"x"}}""", "You may not publish in channel 'a'.")]
    [InlineData("""{"type":"history","id":2,"channel":"a"}""", "You may not read channel 'a'.")]
    [InlineData("""{"type":"react","id":2,"channel":"a","sequence":1,"reaction":"+1"}""", "You may not react in channel 'a'.")]
    [InlineData("""{"type":"signal","id":2,"channel":"a","name":"typing"}""", "You may not send signals in channel 'a'.")]
    [InlineData("""{"type":"join","id":2,"channel":"a"}""", "You may not join channel 'a'.")]
    [InlineData("""{"type":"leave","id":2,"channel":"a"}""", "You may not leave channel 'a'.")]
    [InlineData("""{"type":"create","id":2,"channel":"b","kind":"public"}""", "You may not create channel 'b'.")]
    [InlineData("""{"type":"create","id":2,"kind":"public"}""", "You may not create a channel.")]
    public async Task A_refusal_says_what_was_refused(string request, string message)
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().UseChannelAuthorizer<Everything>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var ann = await node.ConnectAsync("ann");
        (await ann.RequestAsync(request, 2)).GetProperty("message").GetString().Should().Be(message);
    }

    [Fact]
    public async Task A_host_keeps_the_default_rules_and_adds_one()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().UseChannelAuthorizer<ReadOnly>());
        foreach (var channel in new[] { "open", "closed" }) await node.Messaging.Channels.EnsureAsync(channel, cancellationToken: TestContext.Current.CancellationToken);
        await node.Messaging.Channels.EnsureAsync("secret", ChannelKind.Private, cancellationToken: TestContext.Current.CancellationToken);
        await using var ann = await node.ConnectAsync("ann");
        async Task<string?> PublishAsync(long id, string channel)
        {
            var reply = await ann.RequestAsync(PublishOrderTests.Publish(id, channel, Guid.NewGuid(), "x"), id);
            return reply.TryGetProperty("code", out var code) ? code.GetString() : reply.GetProperty("type").GetString();
        }

        (await PublishAsync(2, "open")).Should().Be("published");
        (await PublishAsync(3, "closed")).Should().Be("forbidden");
        (await PublishAsync(4, "secret")).Should().Be("not_found");
    }

    private sealed class ReadOnly(Microsoft.Extensions.Options.IOptions<RealtimeOptions> options) : DefaultChannelAuthorizer(options)
    {
        public override ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            request is { Channel: "closed", Operation: not ChannelOperation.Read } ? ValueTask.FromResult(Access.Forbidden) : base.AuthorizeAsync(request, cancellationToken);
    }

    private sealed class Everything : IAuthenticator, IChannelAuthorizer, IMessageInterceptor, IMessageObserver
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(Access.Forbidden);

        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask ObserveAsync(MessageChange change, Message message, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
