using System.Net;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Client;
using RealtimeKit.Protocol;
using Snippets;
using Xunit;

namespace RealtimeKit.Docs.Samples;

/// <summary>samples/Snippets/Support.cs, from a customer's first question to the next one.</summary>
public sealed class SupportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_support_channel_is_opened_lazily_handed_over_closed_and_opened_again()
    {
        await using var host = await SnippetHost.StartAsync(
            services =>
            {
                services.AddAuthorization();
                services.AddAuthentication("Bearer").AddJwtBearer("Bearer");
                services.AddSingleton<Support>();
                return services.AddRealtimeMessaging().AddWebSockets().UseAuthenticator<TokenIsTheName>();
            },
            app => app.MapSupport());
        var (customer, kim, lee) = (await host.ConnectAsync("17"), await host.ConnectAsync("kim"), await host.ConnectAsync("lee"));
        (await host.Messaging.Channels.GetAsync("support:17", Cancel)).Should().BeNull();
        var channel = await AskAsync(host, "17");
        channel.Should().Be("support:17");
        (await customer.Channel(channel).SendAsync("It does not start.", Cancel)).Sequence.Should().Be(1);
        await Refused(kim, channel, ErrorCodes.NotFound);

        var support = host.Services.GetRequiredService<Support>();
        await support.HandOverAsync(channel, "kim", Cancel);
        await kim.Channel(channel).SendAsync("Is it plugged in?", Cancel);
        await support.HandOverAsync(channel, "lee", Cancel);
        await lee.Channel(channel).SendAsync("I am here now.", Cancel);
        await Refused(kim, channel, ErrorCodes.NotFound);
        (await host.Messaging.Members.ListAsync(channel, cancellationToken: Cancel)).Members.Select(member => (member.User, member.Role))
            .Should().BeEquivalentTo([("17", ChannelRole.Member), ("lee", ChannelRole.Moderator)]);
        (await host.Messaging.Channels.GetAsync(channel, Cancel))!.Settings.Data!.ToString().Should().Be("""{"agent":"lee"}""");

        await support.CloseAsync(channel, Cancel);
        await Refused(customer, channel, ErrorCodes.Forbidden);
        await Refused(lee, channel, ErrorCodes.Forbidden);
        (await customer.Channel(channel).HistoryAsync(cancellationToken: Cancel)).Messages.Should().HaveCount(4);
        (await AskAsync(host, "17")).Should().Be(channel);
        (await customer.Channel(channel).SendAsync("Again.", Cancel)).Sequence.Should().Be(5);

        using var stranger = host.NewHttpClient();
        (await stranger.PostAsync(new Uri("/support", UriKind.Relative), null, Cancel)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    private static async Task<string> AskAsync(SnippetHost host, string user)
    {
        using var http = host.NewHttpClient(user);
        using var answer = await http.PostAsync(new Uri("/support", UriKind.Relative), null, Cancel);
        return await answer.Content.ReadAsStringAsync(Cancel);
    }

    private static async Task Refused(RealtimeClient client, string channel, string code) =>
        (await client.Channel(channel).Invoking(it => it.SendAsync("?", Cancel)).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(code);
}
