using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace RealtimeKit.WebSockets;

/// <summary>Serves the browser client that the package carries.</summary>
internal static class BrowserClient
{
    private static readonly byte[] Script = Load();
    private static readonly string Tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Script)[..16])}\"";

    public static Task ServeAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.ETag = Tag;
        // Asked for anew each time, so that page and server never disagree after an update; unchanged it costs no body.
        response.Headers.CacheControl = "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        if (context.Request.Headers.IfNoneMatch == Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = "text/javascript; charset=utf-8";
        response.ContentLength = Script.Length;
        return response.Body.WriteAsync(Script, context.RequestAborted).AsTask();
    }

    // It tells servers the version of the package that carries it.
    private static byte[] Load()
    {
        using var resource = typeof(BrowserClient).Assembly.GetManifestResourceStream("client.js")
            ?? throw new InvalidOperationException("This build of RealtimeKit.WebSockets carries no browser client.");
        using var script = new StreamReader(resource);
        var version = typeof(BrowserClient).Assembly.GetName().Version!.ToString(3);
        return Encoding.UTF8.GetBytes(script.ReadToEnd().Replace("VERSION = '0.0.0'", $"VERSION = '{version}'", StringComparison.Ordinal));
    }
}
