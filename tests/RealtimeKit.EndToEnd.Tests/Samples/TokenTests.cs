using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>Which tokens sign somebody in to the order desk's socket: those that its API believes, and no others.</summary>
[Collection(nameof(OrderDeskCollection))]
public sealed class TokenTests(OrderDeskProcess desk) : ProtocolTest(desk)
{
    // Each differs from the good token in one thing.
    private static readonly Dictionary<string, Func<TokenMaker, RSA, string>> Bad = new()
    {
        ["another issuer"] = (make, _) => make.Make("ann", change: payload => payload["iss"] = "https://other.example"),
        ["no issuer"] = (make, _) => make.Make("ann", change: payload => payload.Remove("iss")),
        ["another audience"] = (make, _) => make.Make("ann", change: payload => payload["aud"] = "other-api"),
        ["no audience"] = (make, _) => make.Make("ann", change: payload => payload.Remove("aud")),
        ["expired"] = (make, _) => make.Make("ann", TimeSpan.FromSeconds(-1)),
        ["no expiry"] = (make, _) => make.Make("ann", change: payload => payload.Remove("exp")),
        ["not yet valid"] = (make, _) => make.Make("ann", change: payload => payload["nbf"] = payload["nbf"]!.GetValue<long>() + 60),
        ["signed by another key"] = (_, _) => ByAnotherKey([]),
        ["signed by a key that it brings itself"] = (_, _) => ByAnotherKey(null),
        ["payload changed"] = (make, _) => TokenMaker.WithPayload(make.Make("ann"), TokenMaker.Payload("eva", change: payload => payload["role"] = "staff")),
        ["signature cut"] = (make, _) => make.Make("ann")[..^8],
        ["signature empty"] = (make, _) => string.Join('.', [.. make.Make("ann").Split('.')[..2], ""]),
        ["no signature at all"] = (make, _) => string.Join('.', make.Make("ann").Split('.')[..2]),
        ["none"] = (_, _) => TokenMaker.Signed("none", TokenMaker.Payload("ann"), _ => []),
        ["None"] = (_, _) => TokenMaker.Signed("None", TokenMaker.Payload("ann"), _ => []),
        ["none with a signature"] = (_, key) => TokenMaker.Signed("none", TokenMaker.Payload("ann"), data => key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        ["HS256 with the public key's PEM"] = (_, key) => Hmac(Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem())),
        ["HS256 with the public key's PEM and a line's end"] = (_, key) => Hmac(Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem() + "\n")),
        ["HS256 with the public key's bytes"] = (_, key) => Hmac(key.ExportSubjectPublicKeyInfo()),
        ["HS256 with the modulus"] = (_, key) => Hmac(key.ExportParameters(false).Modulus!),
        ["HS256 with nothing"] = (_, _) => Hmac([]),
        ["another algorithm by the right key"] = (_, key) => TokenMaker.Signed("RS512", TokenMaker.Payload("ann"), data => key.SignData(data, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)),
        ["another padding by the right key"] = (_, key) => TokenMaker.Signed("PS256", TokenMaker.Payload("ann"), data => key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)),
        ["nothing"] = (_, _) => "",
        ["no token at all"] = (_, _) => "ann",
        ["three dots"] = (_, _) => "...",
        ["two tokens"] = (make, _) => $"{make.Make("ann")}, {make.Make("ann")}",
    };

    private readonly TokenMaker _make = new(desk.Key);

    public static TheoryData<string> Kinds => [.. Bad.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_bad_token_signs_nobody_in_and_closes_4401(string kind)
    {
        var token = Bad[kind](_make, desk.Key);
        var socket = await OpenAnonymousAsync();
        (await socket.RequestAsync("connect", new { token })).ShouldBeError("unauthenticated");
        (await socket.WaitForCloseAsync()).Should().Be(4401);
        (await desk.CallAsync(token, HttpMethod.Get, "/api/orders")).Status.Should().Be(401, "the API and the socket agree");
    }

    [Fact]
    public async Task A_good_token_signs_in_by_the_frame_the_header_and_the_address_and_says_when_it_ends()
    {
        var token = _make.Make("ann");
        (await desk.CallAsync(token, HttpMethod.Get, "/api/orders")).Status.Should().Be(200);
        var expires = DateTimeOffset.FromUnixTimeSeconds(
            JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!["exp"]!.GetValue<long>());
        var byFrame = await OpenAnonymousAsync();
        var byHeader = Track(await RawClient.OpenAsync(Server.Endpoint, bearer: token));
        var byAddress = Track(await RawClient.OpenAsync(new Uri($"{Server.Endpoint}?access_token={token}")));
        foreach (var connected in new[]
        {
            await byFrame.RequestAsync("connect", new { token }), await byHeader.RequestAsync("connect"), await byAddress.RequestAsync("connect"),
        })
        {
            connected.ShouldBe("connected").Text("user").Should().Be("ann");
            DateTimeOffset.Parse(connected.Time("expires"), System.Globalization.CultureInfo.InvariantCulture).Should().Be(expires);
        }
    }

    [Fact]
    public async Task The_applications_own_token_signs_in()
    {
        var socket = await OpenAnonymousAsync();
        (await socket.RequestAsync("connect", new { token = await desk.TokenAsync("eva") })).ShouldBe("connected").Text("user").Should().Be("eva");
    }

    [Fact]
    public async Task A_cookie_signs_in_and_a_token_beside_it_must_be_the_same_users()
    {
        (await (await OpenAsync("ann")).RequestAsync("connect")).ShouldBe("connected").Text("user").Should().Be("ann");
        (await (await OpenAsync("ann")).RequestAsync("connect", new { token = _make.Make("ann") })).ShouldBe("connected");
        (await (await OpenAsync("ann")).RequestAsync("connect", new { token = _make.Make("bob") })).ShouldBeError("unauthenticated");
        (await (await OpenAsync("ann")).RequestAsync("connect", new { token = Bad["none"](_make, desk.Key) })).ShouldBeError("unauthenticated");
        var header = Track(await RawClient.OpenAsync(Server.Endpoint, await Server.SignInAsync("ann"), bearer: _make.Make("bob")));
        (await header.RequestAsync("connect")).ShouldBeError("unauthenticated");
    }

    [Theory]
    [InlineData("system")]
    [InlineData(" ann")]
    [InlineData("")]
    public async Task A_good_token_of_a_name_that_nobody_may_have_signs_nobody_in(string user)
    {
        var socket = await OpenAnonymousAsync();
        (await socket.RequestAsync("connect", new { token = _make.Make(user) })).ShouldBeError("unauthenticated");
        (await socket.WaitForCloseAsync()).Should().Be(4401);
    }

    [Fact]
    public async Task A_token_is_in_no_log()
    {
        var token = _make.Make("ann");
        var socket = Track(await RawClient.OpenAsync(new Uri($"{Server.Endpoint}?access_token={token}"), bearer: token));
        (await socket.RequestAsync("connect", new { token })).ShouldBe("connected");
        var refused = await OpenAnonymousAsync();
        (await refused.RequestAsync("connect", new { token = $"{token}x" })).ShouldBeError("unauthenticated");
        Server.Output.Should().NotContain(token[^40..]).And.NotContain(token[..20]);
    }

    private static string Hmac(byte[] secret) =>
        TokenMaker.Signed("HS256", TokenMaker.Payload("ann"), data => HMACSHA256.HashData(secret, data));

    private static string ByAnotherKey(JsonObject? header)
    {
        using var other = RSA.Create(2_048);
        var parameters = other.ExportParameters(false);
        header ??= new JsonObject
        {
            ["jwk"] = new JsonObject
            {
                ["kty"] = "RSA", ["n"] = Base64Url.EncodeToString(parameters.Modulus), ["e"] = Base64Url.EncodeToString(parameters.Exponent),
            },
        };
        return TokenMaker.Signed("RS256", TokenMaker.Payload("ann"), data => other.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), header);
    }
}
