using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using RealtimeKit.WebSockets;

namespace RealtimeKit.Files;

/// <summary>The address of files below the WebSocket endpoint: who is it, may that page ask, and is it an upload or a download.</summary>
internal sealed class FileEndpoint(
    HttpSignIn signIns, TusEndpoint uploads, Downloads downloads, IOptions<RealtimeFileOptions> options, FileLog log) : IRealtimeEndpointPart
{
    public IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string path, Func<HttpRequest, bool> isAllowedOrigin) =>
        endpoints.Map(path + "/files/{id?}", context => HandleAsync(context, isAllowedOrigin)).WithDisplayName($"RealtimeKit {path}/files");

    private async Task HandleAsync(HttpContext context, Func<HttpRequest, bool> isAllowedOrigin)
    {
        try
        {
            await DispatchAsync(context, isAllowedOrigin).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or IOException or UnauthorizedAccessException && !context.RequestAborted.IsCancellationRequested)
        {
            log.StorageFailed(exception);
            if (context.Response.HasStarted) throw;
            // What was said of the file does not hold for the reason.
            var headers = context.Response.Headers;
            (headers.ContentLength, headers.ETag, headers.ContentRange, headers.ContentDisposition) = (null, default, default, default);
            headers.RetryAfter = "1";
            await Answers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The storage is out of reach: try again.").ConfigureAwait(false);
        }
    }

    private async Task DispatchAsync(HttpContext context, Func<HttpRequest, bool> isAllowedOrigin)
    {
        var request = context.Request;
        var id = context.GetRouteValue("id") as string;
        // Of browsers' pages that cannot send other methods, and of proxies that drop them; the protocol has it so.
        var method = request.Headers.TryGetValue("X-HTTP-Method-Override", out var other) && HttpMethods.IsPost(request.Method) ? other.ToString().ToUpperInvariant() : request.Method;
        var isUpload = request.Headers.ContainsKey(TusEndpoint.Version);
        var isDownload = HttpMethods.IsGet(method) || (HttpMethods.IsHead(method) && !isUpload);
        if (!isDownload) context.Response.Headers[TusEndpoint.Version] = TusEndpoint.Supported;
        if (HttpMethods.IsOptions(method))
        {
            TusEndpoint.Describe(context, options.Value.MaxFileBytes);
            return;
        }

        if (!HttpMethods.IsGet(method) && HttpSignIn.IsByCookie(request) && !isAllowedOrigin(request))
        {
            await Answers.ForbiddenAsync(context, "Pages of this origin may not upload.").ConfigureAwait(false);
            return;
        }

        var signIn = await signIns.FindAsync(context).ConfigureAwait(false);
        if (signIn is null)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status401Unauthorized, "Sign in: by cookie, by bearer header or by access_token.").ConfigureAwait(false);
            return;
        }

        if (isDownload && id is not null) await downloads.ServeAsync(context, signIn, id).ConfigureAwait(false);
        else await uploads.HandleAsync(context, signIn, method, id).ConfigureAwait(false);
    }
}
