using Microsoft.AspNetCore.Http;

namespace RealtimeKit.Files;

/// <summary>Answers that say what is wrong.</summary>
internal static class Answers
{
    public static Task NoFileAsync(HttpContext context) => RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such file.");

    public static Task BusyAsync(HttpContext context) =>
        RefuseAsync(context, StatusCodes.Status423Locked, "Another request sends bytes of this upload: ask for its offset by HEAD, and go on from there.");

    public static Task ForbiddenAsync(HttpContext context, string reason) => RefuseAsync(context, StatusCodes.Status403Forbidden, reason);

    public static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method)) return Task.CompletedTask;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason, context.RequestAborted);
    }
}
