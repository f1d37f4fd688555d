using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Transports;

namespace RealtimeKit.Files;

/// <summary>Handles uploads by the protocol tus 1.0: creation, termination and checksums beside its core.</summary>
internal sealed class TusEndpoint(
    Uploads uploads, FileRights rights, UploadWriter writer, UploadTurns turns, IRequestLimiter limits, IOptions<RealtimeFileOptions> options)
{
    public const string Version = "Tus-Resumable";
    public const string Supported = "1.0.0";
    public const string Metadata = "Upload-Metadata";
    public const string Checksum = "Upload-Checksum";
    private const string Length = "Upload-Length";
    private const string Offset = "Upload-Offset";
    private const string ContentType = "application/offset+octet-stream";

    private readonly RealtimeFileOptions _options = options.Value;

    /// <summary>Answers what the server can.</summary>
    public static void Describe(HttpContext context, long maxBytes)
    {
        var headers = context.Response.Headers;
        headers["Tus-Version"] = Supported;
        headers["Tus-Max-Size"] = maxBytes.ToString(CultureInfo.InvariantCulture);
        headers["Tus-Extension"] = "creation,termination,checksum";
        headers["Tus-Checksum-Algorithm"] = "sha1";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public async Task HandleAsync(HttpContext context, SignIn signIn, string method, string? id)
    {
        if (context.Request.Headers[Version] != Supported)
        {
            context.Response.Headers["Tus-Version"] = Supported;
            await Answers.RefuseAsync(context, StatusCodes.Status412PreconditionFailed, $"Send the header {Version}: {Supported}.").ConfigureAwait(false);
            return;
        }

        var handled = (method, id) switch
        {
            ("POST", null) => CreateAsync(context, signIn),
            ("HEAD", not null) => OwnAsync(context, signIn, id, file => TellAsync(context, file)),
            ("PATCH", not null) => AppendAsync(context, signIn, id),
            ("DELETE", not null) => OwnAsync(context, signIn, id, file => DeleteAsync(context, file)),
            _ => RefuseMethodAsync(context, id),
        };
        await handled.ConfigureAwait(false);
    }

    private static Task RefuseMethodAsync(HttpContext context, string? id)
    {
        context.Response.Headers.Allow = id is null ? "OPTIONS, POST" : "OPTIONS, HEAD, GET, PATCH, DELETE";
        return Answers.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Uploads begin with POST at the folder; PATCH, HEAD, GET and DELETE go to a file.");
    }

    private async Task CreateAsync(HttpContext context, SignIn signIn)
    {
        var request = context.Request;
        if (TusRequest.ReadNumber(request, Length) is not { } length)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, $"Say the length of the file by {Length}: a deferred length is not supported.").ConfigureAwait(false);
            return;
        }

        var metadata = TusRequest.ReadMetadata(request);
        if (metadata is null || !metadata.TryGetValue("channel", out var channel) || !Identifiers.IsValid(channel))
        {
            await Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, $"Name the channel in {Metadata}, with its value in base64.").ConfigureAwait(false);
            return;
        }

        if (length > _options.MaxFileBytes)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, $"A file may have at most {_options.MaxFileBytes} bytes.").ConfigureAwait(false);
            return;
        }

        var access = await rights.FindAsync(signIn, channel, ChannelOperation.Publish, context.RequestAborted).ConfigureAwait(false);
        if (access == Access.Hidden) await Answers.RefuseAsync(context, StatusCodes.Status404NotFound, $"There is no channel '{channel}'.").ConfigureAwait(false);
        else if (access == Access.Forbidden) await Answers.ForbiddenAsync(context, $"You may not publish in channel '{channel}'.").ConfigureAwait(false);
        else await BeginAsync(context, signIn.User, channel, metadata, length).ConfigureAwait(false);
    }

    private async Task BeginAsync(HttpContext context, string user, string channel, Dictionary<string, string> metadata, long length)
    {
        var type = metadata.GetValueOrDefault("filetype");
        if (type is not null && MediaTypes.IsWellFormed(type) && !MediaTypes.IsAllowed(_options.AllowedTypes, type))
        {
            await Answers.RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, $"Files of the type {type} are not allowed.").ConfigureAwait(false);
            return;
        }

        if (!limits.TryTake(RequestKind.Upload, user, out var retryAfter))
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(retryAfter / 1_000.0).ToString(CultureInfo.InvariantCulture);
            await Answers.RefuseAsync(context, StatusCodes.Status429TooManyRequests, "Too many uploads: begin them more slowly.").ConfigureAwait(false);
            return;
        }

        if (!await uploads.HasRoomAsync(length, context.RequestAborted).ConfigureAwait(false))
        {
            await Answers.RefuseAsync(context, StatusCodes.Status507InsufficientStorage, "The server has no room for it.").ConfigureAwait(false);
            return;
        }

        var quota = new FileQuota(_options.FilesPerUserAndDay, _options.BytesPerUserAndDay, uploads.Now - FileRules.QuotaPeriod);
        var (outcome, file) = await uploads.BeginAsync(channel, user, metadata.GetValueOrDefault("filename"), type, length, quota, context.RequestAborted).ConfigureAwait(false);
        if (outcome == AddFileOutcome.OverQuota)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status429TooManyRequests, "You have uploaded as much as is allowed within 24 hours.").ConfigureAwait(false);
            return;
        }

        if (outcome == AddFileOutcome.NoChannel)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status404NotFound, $"There is no channel '{channel}'.").ConfigureAwait(false);
            return;
        }

        // An empty file has all its bytes.
        if (length == 0 && !await TryFinishAsync(context, file).ConfigureAwait(false)) return;
        context.Response.Headers.Location = $"{context.Request.PathBase}{context.Request.Path.Value!.TrimEnd('/')}/{file.Id}";
        context.Response.StatusCode = StatusCodes.Status201Created;
    }

    // To all but its owner an upload is unknown.
    private async Task OwnAsync(HttpContext context, SignIn signIn, string id, Func<StoredFile, Task> handle)
    {
        var file = await uploads.FindAsync(id, context.RequestAborted).ConfigureAwait(false);
        await (file is null || file.Owner != signIn.User ? Answers.NoFileAsync(context) : handle(file)).ConfigureAwait(false);
    }

    private async Task TellAsync(HttpContext context, StoredFile file)
    {
        await turns.InterruptAsync(file.Id, context.RequestAborted).ConfigureAwait(false);
        var length = await uploads.FindLengthAsync(file, context.RequestAborted).ConfigureAwait(false);
        if (length == file.Size && !await TryFinishAsync(context, file).ConfigureAwait(false)) return;
        var headers = context.Response.Headers;
        headers[Offset] = length.ToString(CultureInfo.InvariantCulture);
        headers[Length] = file.Size.ToString(CultureInfo.InvariantCulture);
        headers[Metadata] = TusRequest.WriteMetadata(("filename", file.Name), ("filetype", file.Type), ("channel", file.Channel));
        headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status200OK;
    }

    private async Task DeleteAsync(HttpContext context, StoredFile file)
    {
        await turns.InterruptAsync(file.Id, context.RequestAborted).ConfigureAwait(false);
        var outcome = await uploads.DiscardAsync(new DiscardFile(file.Id, uploads.Now), context.RequestAborted).ConfigureAwait(false);
        if (outcome == FileOutcome.Taken) await Answers.ForbiddenAsync(context, "A message has this file: delete the message, or edit the file out of it.").ConfigureAwait(false);
        else if (outcome == FileOutcome.NoFile) await Answers.NoFileAsync(context).ConfigureAwait(false);
        else context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task AppendAsync(HttpContext context, SignIn signIn, string id)
    {
        var request = context.Request;
        if (request.ContentType != ContentType)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, $"Send the bytes as {ContentType}.").ConfigureAwait(false);
            return;
        }

        if (TusRequest.ReadNumber(request, Offset) is not { } offset || TusRequest.ReadChecksum(request) is not { } checksum)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, $"Send {Offset} as a number, and {Checksum}, if any, as 'sha1' and 20 bytes in base64.").ConfigureAwait(false);
            return;
        }

        await OwnAsync(context, signIn, id, async file =>
        {
            if (await rights.FindAsync(signIn, file.Channel, ChannelOperation.Publish, context.RequestAborted).ConfigureAwait(false) != Access.Allowed)
            {
                await Answers.ForbiddenAsync(context, "You may not publish in the channel of this file any more.").ConfigureAwait(false);
                return;
            }

            if (await writer.WriteAsync(context, file, offset, checksum).ConfigureAwait(false) is not { } length) return;
            if (length == file.Size && !await TryFinishAsync(context, file).ConfigureAwait(false)) return;
            context.Response.Headers[Offset] = length.ToString(CultureInfo.InvariantCulture);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }).ConfigureAwait(false);
    }

    // Answers where it did not become a file.
    private async ValueTask<bool> TryFinishAsync(HttpContext context, StoredFile file)
    {
        try
        {
            if (await uploads.FinishAsync(file, context.RequestAborted).ConfigureAwait(false) is not null) return true;
            await Answers.NoFileAsync(context).ConfigureAwait(false);
        }
        catch (FileRefusedException exception)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status422UnprocessableEntity, exception.Message).ConfigureAwait(false);
        }
        catch (FileBusyException)
        {
            await Answers.BusyAsync(context).ConfigureAwait(false);
        }

        return false;
    }
}
