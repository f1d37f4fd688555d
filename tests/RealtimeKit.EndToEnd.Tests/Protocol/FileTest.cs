using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>What the chapters about files share: bare requests of HTTP, header by header.</summary>
public abstract class FileTest(ServerProcess server) : ProtocolTest(server)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    protected static byte[] Png { get; } = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3, 4];

    protected Uri Folder => new(Server.Address, "/realtime/files");

    protected static string Metadata(string channel, string? filename = "a.txt", string? filetype = "text/plain") => string.Join(
        ',', new[] { ("channel", (string?)channel), ("filename", filename), ("filetype", filetype) }
            .Where(pair => pair.Item2 is not null).Select(pair => $"{pair.Item1} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Item2!))}"));

    protected Uri Address(string id) => new(Server.Address, $"/realtime/files/{id}");

    /// <summary>Sends one request; a header with a null value is left out.</summary>
    protected static async Task<HttpResponseMessage> SendAsync(
        string method, Uri address, string? cookie, byte[]? body = null, string contentType = "application/offset+octet-stream", params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        foreach (var (name, value) in headers)
        {
            if (value is not null) request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        return await Http.SendAsync(request);
    }

    /// <summary>A request of tus.</summary>
    protected static Task<HttpResponseMessage> TusAsync(string method, Uri address, string? cookie, byte[]? body = null, params (string Name, string? Value)[] headers) =>
        SendAsync(method, address, cookie, body, headers: [("Tus-Resumable", "1.0.0"), .. headers]);

    protected Task<HttpResponseMessage> BeginAsync(string? cookie, string channel, long length, string? filename = "a.txt", string? filetype = "text/plain") => TusAsync(
        "POST", Folder, cookie, null, ("Upload-Length", length.ToString(CultureInfo.InvariantCulture)), ("Upload-Metadata", Metadata(channel, filename, filetype)));

    protected Task<HttpResponseMessage> PatchAsync(string? cookie, string id, long offset, byte[] bytes, params (string Name, string? Value)[] headers) =>
        TusAsync("PATCH", Address(id), cookie, bytes, [("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)), .. headers]);

    /// <summary>Begins an upload and returns its id.</summary>
    protected async Task<string> BegunAsync(string cookie, string channel, long length, string? filename = "a.txt", string? filetype = "text/plain")
    {
        using var begun = await BeginAsync(cookie, channel, length, filename, filetype);
        ((int)begun.StatusCode).Should().Be(201, await begun.Content.ReadAsStringAsync());
        return new Uri(Server.Address, begun.Headers.Location!).Segments[^1];
    }

    /// <summary>Uploads a whole file and returns its id.</summary>
    protected async Task<string> UploadAsync(string cookie, string channel, byte[] bytes, string? filename = "a.txt", string? filetype = "text/plain")
    {
        var id = await BegunAsync(cookie, channel, bytes.Length, filename, filetype);
        if (bytes.Length > 0) await ExpectAsync(204, PatchAsync(cookie, id, 0, bytes));
        return id;
    }

    protected Task<HttpResponseMessage> GetAsync(string? cookie, string id, params (string Name, string? Value)[] headers) => SendAsync("GET", Address(id), cookie, headers: headers);

    /// <summary>The status must be this one.</summary>
    protected static async Task ExpectAsync(int status, Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        ((int)response.StatusCode).Should().Be(status, "{0} {1} said: {2}", response.RequestMessage!.Method, response.RequestMessage.RequestUri, await response.Content.ReadAsStringAsync());
    }

    protected static string Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : "";

    /// <summary>A user with a cookie and a connection.</summary>
    protected async Task<(RawClient Client, string Cookie)> UserAsync(string? name = null)
    {
        name ??= NewName("user");
        return (await ConnectAsync(name), await Server.SignInAsync(name));
    }

    protected static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync();

    protected static Task<byte[]> BytesAsync(HttpResponseMessage response) => response.Content.ReadAsByteArrayAsync();

    /// <summary>The value of <c>Upload-Checksum</c>: tus has SHA-1, which is to find errors of the line and not of people.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The protocol says so.")]
    protected static string Checksum(byte[] bytes) => $"sha1 {Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(bytes))}";

    /// <summary>Waits until something holds that no answer tells.</summary>
    protected static async Task UntilAsync(Func<bool> holds)
    {
        using var deadline = new CancellationTokenSource(RawClient.Deadline);
        while (!holds()) await Task.Delay(10, deadline.Token);
    }

    protected static object WithFiles(params string[] files) => new { id = NewId(), attachments = files.Select(file => new { file }).ToArray() };
}
