using System.Security.Claims;
using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Whoever sets up an application reads in its log why nobody can sign in.</summary>
public sealed class RefusedSignInTests
{
    [Fact]
    public async Task A_token_that_nothing_reads_is_explained_once()
    {
        await using var node = await TestNode.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await using var client = new TestClient(node.Transport.Connect(token: null));
            var reply = await client.RequestAsync("""{"type":"connect","id":1,"token":"secret"}""", 1);
            reply.GetProperty("code").GetString().Should().Be(ErrorCodes.Unauthenticated);
        }

        node.Log.Entries.Should().ContainSingle().Which.Text.Should().Contain("UseTokenScheme").And.NotContain("secret");
    }

    [Fact]
    public async Task A_user_without_a_name_is_explained()
    {
        await using var node = await TestNode.StartAsync();
        var nameless = new ClaimsPrincipal(new ClaimsIdentity([new Claim("user", "ann")], "test"));
        await using var client = new TestClient(node.Transport.Connect(nameless));
        var reply = await client.RequestAsync("""{"type":"connect","id":1}""", 1);
        reply.GetProperty("code").GetString().Should().Be(ErrorCodes.Unauthenticated);
        node.Log.Entries.Should().ContainSingle().Which.Text.Should().Contain("name identifier");
    }
}
