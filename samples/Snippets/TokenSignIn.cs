using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RealtimeKit;

namespace Snippets;

/// <summary>Sign-in by the JWT of your API. The page hands its token to the client: <c>new RealtimeClient('/realtime', { token })</c></summary>
public static class TokenSignIn
{
    public static RealtimeMessagingBuilder AddMessagingWithTokens(this IServiceCollection services, SecurityKey key)
    {
        services.AddAuthentication("Bearer").AddJwtBearer("Bearer", options => options.TokenValidationParameters = new()
        {
            ValidIssuer = "https://shop.example",
            ValidAudience = "shop",
            IssuerSigningKey = key,
        });
        return services.AddRealtimeMessaging().AddWebSockets().UseTokenScheme("Bearer");
    }

    public static string NewToken(string user, SecurityKey key) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = "https://shop.example",
        Audience = "shop",
        Claims = new Dictionary<string, object> { ["sub"] = user },
        SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256),
    });
}
