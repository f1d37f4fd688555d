using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace RealtimeKit.WebSockets;

/// <summary>Says at start which origins can never match, and that a scheme for tokens is missing.</summary>
internal sealed class WebSocketTransportOptionsValidator(IOptions<AuthenticationOptions> authentication)
    : IValidateOptions<WebSocketTransportOptions>
{
    public ValidateOptionsResult Validate(string? name, WebSocketTransportOptions options)
    {
        var wrong = options.AllowedOrigins.Where(origin => !IsOrigin(origin)).Select(origin =>
            $"{nameof(WebSocketTransportOptions)}.AllowedOrigins: '{origin}' is not an origin; use scheme, host and port alone, such as https://app.example.")
            .ToList();
        if (options.TokenScheme is { } scheme && !authentication.Value.SchemeMap.ContainsKey(scheme))
            wrong.Add($"UseTokenScheme(\"{scheme}\"): there is no such authentication scheme; add it, as by services.AddAuthentication().AddJwtBearer(\"{scheme}\", …).");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static bool IsOrigin(string origin) => origin == "*" || Origin.Normalize(origin) is not null;
}
