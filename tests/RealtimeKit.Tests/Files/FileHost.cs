using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Files;
using RealtimeKit.InMemory;
using Xunit;

namespace RealtimeKit.Tests.Files;

/// <summary>A server of files on a real socket, whose clock a test sets. A token is the name of a user.</summary>
internal sealed class FileHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();
    private readonly bool _ownsFolder;

    private FileHost(InMemoryStore store, string? folder, Action<RealtimeFileOptions>? configure, IFileInspector? inspector, IFileStore? files, IAuditSink? audit)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("realtimekit-files-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(Time);
        var messaging = builder.Services.AddRealtimeMessaging(options => options.RateLimits = RateLimits.None).AddWebSockets().UseInMemoryStore(store)
            .UseAuthenticator(_ => new Names()).AddFileStore(_ => files ?? new FolderFileStore(Folder), configure);
        if (audit is not null) messaging.AddAuditSink(_ => audit);
        if (inspector is not null) messaging.AddFileInspector(_ => inspector);
        _app = builder.Build();
        _app.MapRealtimeMessaging("/realtime");
    }

    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    public string Folder { get; }

    public IRealtimeMessaging Messaging => _app.Services.GetRequiredService<IRealtimeMessaging>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<FileHost> StartAsync(
        Action<RealtimeFileOptions>? configure = null, IFileInspector? inspector = null, InMemoryStore? store = null, string? folder = null,
        IFileStore? files = null, IAuditSink? audit = null)
    {
        var host = new FileHost(store ?? new InMemoryStore(), folder, configure, inspector, files, audit);
        await host._app.StartAsync(Cancel);
        await host.Messaging.Channels.EnsureAsync("lobby", cancellationToken: Cancel);
        return host;
    }

    /// <summary>Every byte that the folder has, of any file.</summary>
    public IReadOnlyList<string> Files() => [.. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)];

    public async Task SweepAsync() => await _app.Services.GetRequiredService<FileSweeper>().SweepAsync(Cancel);

    /// <summary>Where the server is.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public async Task<HttpResponseMessage> SendAsync(string method, string? id, string? user, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Address, $"realtime/files{(id is null ? "" : $"/{id}")}"));
        if (user is not null) request.Headers.Add("Authorization", $"Bearer {user}");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        }

        return await _http.SendAsync(request, Cancel);
    }

    public Task<HttpResponseMessage> BeginAsync(string user, long length, string type = "text/plain", string channel = "lobby") => SendAsync(
        "POST", null, user, null, ("Tus-Resumable", "1.0.0"), ("Upload-Length", length.ToString(CultureInfo.InvariantCulture)),
        ("Upload-Metadata", $"channel {Encode(channel)},filename {Encode("a.txt")},filetype {Encode(type)}"));

    public async Task<string> BegunAsync(string user, long length, string channel = "lobby")
    {
        using var begun = await BeginAsync(user, length, channel: channel);
        ((int)begun.StatusCode).Should().Be(201);
        return begun.Headers.Location!.ToString().Split('/')[^1];
    }

    public async Task<int> PatchAsync(string user, string id, long offset, byte[] bytes)
    {
        using var sent = await SendAsync("PATCH", id, user, bytes, ("Tus-Resumable", "1.0.0"), ("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)));
        return (int)sent.StatusCode;
    }

    public async Task<string> UploadAsync(string user, byte[] bytes, string channel = "lobby")
    {
        var id = await BegunAsync(user, bytes.Length, channel);
        (await PatchAsync(user, id, 0, bytes)).Should().Be(204);
        return id;
    }

    public async Task<int> GetAsync(string user, string id)
    {
        using var file = await SendAsync("GET", id, user);
        return (int)file.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownsFolder) Directory.Delete(Folder, recursive: true);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private sealed class Names : IAuthenticator
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
            ValueTask.FromResult(credentials.Token is { } token && token != "wrong" ? new SignIn(token) : null);
    }
}
