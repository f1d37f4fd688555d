using System.Globalization;

namespace RealtimeKit.Servers;

/// <summary>A server of S3 of one's own (moto): on loopback, with everything in memory. It looks at no signature.</summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>Names the server that tests use where they do not have to stop it.</summary>
    public const string Variable = "REALTIMEKIT_S3";

    private readonly string _folder = ServerScript.MakeFolder();
    private readonly int _port;

    private S3Server(int port) => _port = port;

    /// <summary>Its address.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}/");

    /// <summary>Starts a server and returns when it answers.</summary>
    public static async Task<S3Server> CreateAsync()
    {
        var server = new S3Server(await ServerScript.FreePortAsync());
        await server.StartAsync();
        return server;
    }

    /// <summary>Makes a bucket on a server.</summary>
    public static async Task CreateBucketAsync(Uri address, string bucket)
    {
        using var made = await SendAsync(HttpMethod.Put, new Uri(address, bucket));
        made.EnsureSuccessStatusCode();
    }

    /// <summary>The keys of a bucket's objects, and of what was begun in parts, as far as one page of the server's list goes.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(Uri address, string bucket)
    {
        var keys = new List<string>();
        foreach (var list in new[] { "?list-type=2", "?uploads" })
        {
            using var answer = await SendAsync(HttpMethod.Get, new Uri(address, bucket + list));
            answer.EnsureSuccessStatusCode();
            keys.AddRange(System.Xml.Linq.XDocument.Parse(await answer.Content.ReadAsStringAsync()).Descendants().Where(one => one.Name.LocalName == "Key").Select(one => one.Value));
        }

        return keys;
    }

    /// <summary>Starts it, or starts it again, without anything that it had.</summary>
    public Task StartAsync() => ServerScript.RunAsync(["start", "s3", _folder, _port.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>Stops it.</summary>
    public Task StopAsync() => ServerScript.RunAsync(["stop", "s3", _folder]);

    // The server wants to see which user it is, and believes it.
    private static async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, address);
        request.Headers.TryAddWithoutValidation("Authorization", "AWS4-HMAC-SHA256 Credential=user/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0");
        return await http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
