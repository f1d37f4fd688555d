using System.Net.Http.Headers;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Files;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>Makes requests to the endpoint of files, each over a connection of its own, so that any node may get it.</summary>
internal static class FileHttp
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly HttpClient Http = new(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false });

    /// <summary>Makes a request to a port of this machine.</summary>
    /// <exception cref="ConnectionLostException">No whole answer came.</exception>
    public static async Task<FileAnswer> SendAsync(
        int port, string cookie, HttpMethod method, string? id, IReadOnlyDictionary<string, string> headers, byte[]? body)
    {
        using var request = new HttpRequestMessage(method, new Uri($"http://127.0.0.1:{port}/realtime/files{(id is null ? "" : $"/{id}")}"));
        request.Headers.ConnectionClose = true;
        request.Headers.Add("Cookie", cookie);
        request.Headers.Add("Origin", $"http://127.0.0.1:{port}");
        if (body is not null) request.Content = new ByteArrayContent(body);
        foreach (var (name, value) in headers)
        {
            if (name == "Content-Type") request.Content!.Headers.ContentType = new MediaTypeHeaderValue(value);
            else request.Headers.Add(name, value);
        }

        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var response = await Http.SendAsync(request, limit.Token);
            var bytes = await response.Content.ReadAsByteArrayAsync(limit.Token);
            return new FileAnswer((int)response.StatusCode, response.Headers.ToDictionary(Name, header => header.Value.First()), bytes);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            throw new ConnectionLostException(e.Message);
        }
    }

#pragma warning disable CA1308 // Names of headers are compared in lower case.
    private static string Name(KeyValuePair<string, IEnumerable<string>> header) => header.Key.ToLowerInvariant();
#pragma warning restore CA1308
}

/// <summary>The folder in which the nodes of a run keep files.</summary>
internal sealed class FolderWorld(string folder) : IFileWorld
{
    public TimeSpan Keep => NodeHost.KeepFiles;

    public IReadOnlyCollection<string> Stored() =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetFileName(path).Split('.')[0]).Distinct()];

    public async Task<IFileWay> WayToAsync(IWorldNode node, string user)
    {
        var process = (ChaosNode)node;
        return new NodeWay(process.Port, await process.CookieAsync(user));
    }

    private sealed class NodeWay(int port, string cookie) : IFileWay
    {
        public Task<FileAnswer> SendAsync(HttpMethod method, string? id, IReadOnlyDictionary<string, string> headers, byte[]? body) =>
            FileHttp.SendAsync(port, cookie, method, id, headers, body);
    }
}
