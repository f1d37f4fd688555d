using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>Makes JSON Web Tokens by hand, good ones and every kind of bad one.</summary>
internal sealed class TokenMaker(RSA key)
{
    public const string Issuer = "https://orderdesk.example";
    public const string Audience = "orderdesk-api";

    /// <summary>A token as the application makes it, but for what is changed in its payload.</summary>
    public string Make(string user, TimeSpan? life = null, Action<JsonObject>? change = null) =>
        Signed("RS256", Payload(user, life, change), data => key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static JsonObject Payload(string user, TimeSpan? life = null, Action<JsonObject>? change = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var payload = new JsonObject
        {
            ["iss"] = Issuer, ["aud"] = Audience, ["sub"] = user, ["name"] = user, ["role"] = "customer",
            ["iat"] = now.ToUnixTimeSeconds(), ["nbf"] = now.ToUnixTimeSeconds(), ["exp"] = (now + (life ?? TimeSpan.FromMinutes(5))).ToUnixTimeSeconds(),
        };
        change?.Invoke(payload);
        return payload;
    }

    public static string Signed(string algorithm, JsonObject payload, Func<byte[], byte[]> sign, JsonObject? header = null)
    {
        header ??= [];
        (header["alg"], header["typ"]) = (algorithm, "JWT");
        var data = $"{Part(header)}.{Part(payload)}";
        return $"{data}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(data)))}";
    }

    /// <summary>The token with another payload under the old signature.</summary>
    public static string WithPayload(string token, JsonObject payload)
    {
        var parts = token.Split('.');
        return $"{parts[0]}.{Part(payload)}.{parts[2]}";
    }

    public static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
