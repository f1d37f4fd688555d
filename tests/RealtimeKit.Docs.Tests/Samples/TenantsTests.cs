using System.Security.Claims;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Client;
using RealtimeKit.Protocol;
using Snippets;
using Xunit;

namespace RealtimeKit.Docs.Samples;

/// <summary>samples/Snippets/Tenants.cs keeps tenants apart in whatever one may ask for.</summary>
public sealed class TenantsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_tenants_channels_are_not_to_be_seen()
    {
        await using var host = await StartAsync();
        await host.Messaging.Channels.EnsureAsync("globex:lobby", cancellationToken: Cancel);
        await host.Messaging.Messages.SendAsync("globex:lobby", "the plan of globex", cancellationToken: Cancel);
        await host.Messaging.Messages.SendAsync("acme:lobby", "the plan of acme", cancellationToken: Cancel);
        var ann = await host.ConnectAsync("acme:ann");
        (await ann.Channel("acme:lobby").SendAsync("Hello", Cancel)).Sequence.Should().Be(2);
        foreach (var channel in (string[])["globex:lobby", "lobby", "none"])
        {
            (await CodeAsync(ann.Channel(channel).HistoryAsync(cancellationToken: Cancel))).Should().Be(ErrorCodes.NotFound);
            (await CodeAsync(ann.Channel(channel).SendAsync("Hello", Cancel))).Should().Be(ErrorCodes.NotFound);
        }

        (await ann.DirectoryAsync(cancellationToken: Cancel)).Channels.Select(channel => channel.Channel).Should().Equal("acme:lobby");
        (await ann.SearchAsync("plan", cancellationToken: Cancel)).Messages.Select(found => found.Message.Channel).Should().Equal("acme:lobby");
        var nobody = await host.ConnectAsync("ann");
        (await CodeAsync(nobody.Channel("lobby").HistoryAsync(cancellationToken: Cancel))).Should().Be(ErrorCodes.NotFound);
    }

    [Fact]
    public async Task Users_of_another_tenant_cannot_be_invited_or_talked_to()
    {
        await using var host = await StartAsync();
        var ann = await host.ConnectAsync("acme:ann");
        var made = await ann.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Channel = "acme:team" }, Cancel);
        await ann.Channel(made).InviteAsync("acme:bob", cancellationToken: Cancel);
        (await CodeAsync(ann.Channel(made).InviteAsync("globex:eve", cancellationToken: Cancel))).Should().Be(ErrorCodes.NotFound);
        (await CodeAsync(ann.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Channel = "globex:team" }, Cancel))).Should().BeOneOf(ErrorCodes.Forbidden, ErrorCodes.NotFound);
        (await CodeAsync(ann.CreateAsync(new ChannelDefinition(ChannelKind.Direct) { Members = ["globex:eve"] }, Cancel))).Should().BeOneOf(ErrorCodes.Forbidden, ErrorCodes.NotFound);
        var direct = await ann.CreateAsync(new ChannelDefinition(ChannelKind.Direct) { Members = ["acme:bob"] }, Cancel);
        (await ann.Channel(direct).SendAsync("Hello", Cancel)).Sequence.Should().Be(1);
    }

    [Theory]
    [InlineData("acme", "acme:17")]
    [InlineData("acme:x", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public async Task The_claim_names_the_tenant(string? tenant, string? user)
    {
        List<Claim> claims = [new(ClaimTypes.NameIdentifier, "17"), .. tenant is null ? [] : new[] { new Claim("tenant", tenant) }];
        var signIn = await new TenantSignIn().AuthenticateAsync(new Credentials(new ClaimsPrincipal(new ClaimsIdentity(claims, "cookie")), null), Cancel);
        signIn?.User.Should().Be(user);
        (signIn is null).Should().Be(user is null);
    }

    private static async Task<SnippetHost> StartAsync()
    {
        var host = await SnippetHost.StartAsync(services => services.AddRealtimeMessaging(options => options.UsersMayCreateChannels = true)
            .AddWebSockets().UseAuthenticator<TokenIsTheName>().UseChannelAuthorizer<Tenants>());
        await host.Messaging.Channels.EnsureAsync("acme:lobby");
        return host;
    }

    private static async Task<string?> CodeAsync(Task asked)
    {
        try
        {
            await asked;
            return null;
        }
        catch (RealtimeException refused)
        {
            return refused.Code;
        }
    }
}
