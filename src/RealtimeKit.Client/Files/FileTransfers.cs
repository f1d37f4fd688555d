using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Uploads files by the protocol tus 1.0, over as many connections as it takes, and fetches them. Safe for concurrent use.</summary>
internal sealed class FileTransfers(Uri endpoint, RealtimeClientOptions options) : IDisposable
{
    // What a lost request costs at most.
    private const int PieceBytes = 1_048_576;

    private readonly HttpClient _http = options.HttpClient ?? new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
    private readonly bool _ownsHttp = options.HttpClient is null;
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Where the server takes files, or has this one.</summary>
    public Uri Address(string? id = null)
    {
        var address = new UriBuilder(endpoint) { Scheme = endpoint.Scheme == Uri.UriSchemeWss ? Uri.UriSchemeHttps : Uri.UriSchemeHttp };
        address.Path = $"{address.Path.TrimEnd('/')}/files{(id is null ? "" : $"/{Uri.EscapeDataString(id)}")}";
        return address.Uri;
    }

    /// <summary>Uploads a file and returns its id.</summary>
    public async Task<string> UploadAsync(
        string channel, Stream content, string name, string? type, IProgress<FileProgress>? progress, CancellationToken cancellationToken)
    {
        if (!content.CanSeek) throw new ArgumentException("A file must be a stream that can seek, so that an upload can go on after a lost connection.", nameof(content));
        var (first, total) = (content.Position, content.Length - content.Position);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        try
        {
            var id = await BeginAsync(channel, total, name, type, ended.Token).ConfigureAwait(false);
            progress?.Report(new FileProgress(0, total));
            var buffer = new byte[(int)Math.Min(PieceBytes, total)];
            for (var sent = 0L; sent < total;)
            {
                content.Position = first + sent;
                var length = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ended.Token).ConfigureAwait(false);
                if (length == 0) throw new EndOfStreamException("The stream ended before its length.");
                sent = await SendPieceAsync(id, sent, buffer.AsMemory(0, length), ended.Token).ConfigureAwait(false);
                progress?.Report(new FileProgress(sent, total));
            }

            return id;
        }
        catch (Exception exception) when (IsClosed(exception, cancellationToken))
        {
            throw new RealtimeException(ClientErrorCodes.Closed, "The client was closed.", innerException: exception);
        }
    }

    /// <summary>Opens a file.</summary>
    public async Task<Stream> DownloadAsync(string id, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(HttpMethod.Get, Address(id), cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsClosed(exception, cancellationToken))
        {
            throw new RealtimeException(ClientErrorCodes.Closed, "The client was closed.", innerException: exception);
        }
        catch (HttpRequestException exception)
        {
            throw new RealtimeException(ClientErrorCodes.ConnectionLost, "The file could not be fetched.", innerException: exception);
        }

        if (response.IsSuccessStatusCode) return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using (response) throw await RefusalAsync(response, cancellationToken).ConfigureAwait(false) ?? new RealtimeException(ErrorCodes.Unavailable, $"The server answered {(int)response.StatusCode}.");
    }

    public void Dispose()
    {
        _closed.Cancel();
        if (_ownsHttp) _http.Dispose();
    }

    // Closing disposes of what a request may be about to use.
    private bool IsClosed(Exception exception, CancellationToken cancellationToken) =>
        exception is OperationCanceledException or ObjectDisposedException && _closed.IsCancellationRequested && !cancellationToken.IsCancellationRequested;

    private async Task<string> BeginAsync(string channel, long total, string name, string? type, CancellationToken cancellationToken)
    {
        var metadata = $"channel {Encode(channel)},filename {Encode(name)}{(type is null ? "" : $",filetype {Encode(type)}")}";
        using var begun = await UntilAnsweredAsync(
            () => TryAsync(HttpMethod.Post, Address(), null, [("Upload-Length", Number(total)), ("Upload-Metadata", metadata)], cancellationToken),
            waitFirst: false, cancellationToken).ConfigureAwait(false);
        return begun.Headers.Location?.OriginalString.Split('/')[^1] ?? throw new RealtimeException(ErrorCodes.Internal, "The server did not say where the file goes.");
    }

    private async Task<long> SendPieceAsync(string id, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        using var sent = await TryAsync(HttpMethod.Patch, Address(id), piece, [("Upload-Offset", Number(offset))], cancellationToken).ConfigureAwait(false);
        if (sent is not null) return Offset(sent);
        // What the server has of it only the server knows.
        using var head = await UntilAnsweredAsync(() => TryAsync(HttpMethod.Head, Address(id), null, [], cancellationToken), waitFirst: true, cancellationToken).ConfigureAwait(false);
        return Offset(head);
    }

    private async Task<HttpResponseMessage> UntilAnsweredAsync(Func<Task<HttpResponseMessage?>> attempt, bool waitFirst, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(options.ReconnectDelay, options.MaxReconnectDelay, options.Random);
        while (true)
        {
            if (waitFirst) await Task.Delay(backoff.Next(), options.TimeProvider, cancellationToken).ConfigureAwait(false);
            waitFirst = true;
            if (await attempt().ConfigureAwait(false) is { } response) return response;
        }
    }

    // One request; null where another may succeed.
    private async Task<HttpResponseMessage?> TryAsync(
        HttpMethod method, Uri address, ReadOnlyMemory<byte>? body, (string Name, string Value)[] headers, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(method, address, cancellationToken).ConfigureAwait(false);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        if (body is { } bytes)
        {
            request.Content = new ReadOnlyMemoryContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        }

        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode) return response;
            var refusal = await RefusalAsync(response, cancellationToken).ConfigureAwait(false);
            response.Dispose();
            return refusal is null ? null : throw refusal;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            response?.Dispose();
            return null;
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(HttpMethod method, Uri address, CancellationToken cancellationToken)
    {
        var token = options.TokenProvider is { } provider ? await provider(cancellationToken).ConfigureAwait(false) : null;
        var request = new HttpRequestMessage(method, address);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    private static async Task<RealtimeException?> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var code = response.StatusCode switch
        {
            HttpStatusCode.BadRequest or HttpStatusCode.UnsupportedMediaType or HttpStatusCode.UnprocessableEntity => ErrorCodes.Invalid,
            HttpStatusCode.Unauthorized => ErrorCodes.Unauthenticated,
            HttpStatusCode.Forbidden => ErrorCodes.Forbidden,
            HttpStatusCode.NotFound => ErrorCodes.NotFound,
            HttpStatusCode.MethodNotAllowed or HttpStatusCode.PreconditionFailed => ErrorCodes.Unsupported,
            HttpStatusCode.RequestEntityTooLarge => ErrorCodes.TooLarge,
            HttpStatusCode.TooManyRequests when response.Headers.RetryAfter is null => ErrorCodes.RateLimited,
            HttpStatusCode.InsufficientStorage => ErrorCodes.Unavailable,
            _ => null,
        };
        return code is null ? null : new RealtimeException(code, await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
    }

    private static long Offset(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Upload-Offset", out var values) && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? offset : throw new RealtimeException(ErrorCodes.Internal, "The server did not say how much of the file it has.");

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
