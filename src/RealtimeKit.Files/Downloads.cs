using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>Gives files to those who may read them now.</summary>
internal sealed class Downloads(Uploads uploads, FileRights rights, IFileStore store)
{
    // What is shown by itself, such as an image, still needs the browser's own style; nothing of the file may run or load anything.
    private const string ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox";

    public async Task ServeAsync(HttpContext context, SignIn signIn, string id)
    {
        var file = await uploads.FindAsync(id, context.RequestAborted).ConfigureAwait(false);
        var access = file is not { State: FileState.Finished } ? Access.Hidden
            : file.Message is not null ? await rights.FindAsync(signIn, file.Channel, ChannelOperation.Read, context.RequestAborted).ConfigureAwait(false)
            : file.Owner == signIn.User ? Access.Allowed : Access.Hidden;
        if (access != Access.Allowed)
        {
            await (access == Access.Hidden ? Answers.NoFileAsync(context) : Answers.ForbiddenAsync(context, "You may not read this channel.")).ConfigureAwait(false);
            return;
        }

        // Its bytes go after its record: it was deleted in between.
        if (await store.OpenAsync(id, context.RequestAborted).ConfigureAwait(false) is not { } content)
        {
            await Answers.NoFileAsync(context).ConfigureAwait(false);
            return;
        }

        var headers = context.Response.Headers;
        headers.CacheControl = "private, no-cache";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        var disposition = new ContentDispositionHeaderValue(MediaTypes.IsInline(file!.Type) ? "inline" : "attachment");
        disposition.SetHttpFileName(file.Name);
        headers.ContentDisposition = disposition.ToString();
        // Disposes of the content, answers ranges and conditions, and HEAD without a body.
        await TypedResults.Stream(
            content, file.Type, entityTag: new EntityTagHeaderValue($"\"{file.Id}\""), enableRangeProcessing: true).ExecuteAsync(context).ConfigureAwait(false);
    }
}
