using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>The HTTP upgrade: subprotocols and origins.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class UpgradeTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task The_subprotocol_is_chosen_where_it_is_offered()
    {
        (await OpenAsync()).ChosenSubprotocol.Should().Be(RawClient.Subprotocol);
        (await OpenAsync(subprotocols: ["other.v9", RawClient.Subprotocol])).ChosenSubprotocol.Should().Be(RawClient.Subprotocol);
    }

    [Fact]
    public async Task Without_any_subprotocol_it_is_JSON()
    {
        var ann = await OpenAsync(subprotocols: []);
        ann.ChosenSubprotocol.Should().BeNull();
        await ann.ConnectAsync();
        await PassAsync(ann);
    }

    [Theory]
    [InlineData("realtimekit.v2.json")]
    [InlineData("REALTIMEKIT.V1.JSON")]
    [InlineData("a", "b")]
    public async Task Only_unknown_subprotocols_are_refused_with_400(params string[] offered)
    {
        var opening = () => OpenAsync(subprotocols: offered);
        (await opening.Should().ThrowAsync<UpgradeRefusedException>()).Which.Status.Should().Be(400);
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("https://127.0.0.1.evil.example")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("null")]
    public async Task Another_origin_is_refused_with_403(string origin)
    {
        var opening = () => OpenAsync(origin: origin);
        (await opening.Should().ThrowAsync<UpgradeRefusedException>()).Which.Status.Should().Be(403);
    }

    [Fact]
    public async Task The_same_host_under_another_scheme_is_another_origin()
    {
        var opening = () => OpenAsync(origin: $"https://127.0.0.1:{Server.Address.Port}");
        (await opening.Should().ThrowAsync<UpgradeRefusedException>()).Which.Status.Should().Be(403);
    }

    [Fact]
    public async Task The_same_origin_passes()
    {
        var ann = await OpenAsync(origin: $"http://127.0.0.1:{Server.Address.Port}");
        await ann.ConnectAsync();
    }

    [Fact]
    public async Task No_origin_passes()
    {
        var ann = await OpenAsync();
        await ann.ConnectAsync();
    }

    [Fact]
    public async Task The_upgrade_is_not_refused_for_lack_of_a_sign_in()
    {
        var nobody = await OpenAnonymousAsync();
        nobody.ChosenSubprotocol.Should().Be(RawClient.Subprotocol);
    }
}
