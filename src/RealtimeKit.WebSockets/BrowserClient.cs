using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace RealtimeKit.WebSockets;

/// <summary>Serves the browser client that the package carries: <c>client.js</c> and the modules that it imports.</summary>
internal static class BrowserClient
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps each module below the path, as it lies in the package.</summary>
    public static void Map(IEndpointRouteBuilder endpoints, string path)
    {
        foreach (var module in typeof(BrowserClient).Assembly.GetManifestResourceNames())
            endpoints.MapMethods($"{path}/{module}", Methods, Serve(Load(module)));
    }

    private static RequestDelegate Serve(byte[] script)
    {
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(script)[..16])}\"");
        var result = TypedResults.Bytes(script, "text/javascript; charset=utf-8", entityTag: tag);
        return context =>
        {
            // Revalidated each time, so that page, modules and server match after an update; an unchanged module costs no body.
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return result.ExecuteAsync(context);
        };
    }

    // It sends servers the version of its package.
    private static byte[] Load(string module)
    {
        using var script = new StreamReader(typeof(BrowserClient).Assembly.GetManifestResourceStream(module)!);
        var version = typeof(BrowserClient).Assembly.GetName().Version!.ToString(3);
        return Encoding.UTF8.GetBytes(script.ReadToEnd().Replace("VERSION = '0.0.0'", $"VERSION = '{version}'", StringComparison.Ordinal));
    }
}
