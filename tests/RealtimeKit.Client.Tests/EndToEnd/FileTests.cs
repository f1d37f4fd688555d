using System.Net;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>Files of the .NET client, against the real server, over requests that are lost.</summary>
public sealed class FileTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_sent_over_lost_requests_and_read_by_another()
    {
        await using var host = await ChatHost.StartAsync();
        using var line = new LossyLine();
        using var http = new HttpClient(line);
        await using var ann = host.Client("ann", configure: options => (options.HttpClient, options.ReconnectDelay) = (http, TimeSpan.FromMilliseconds(5)));
        await ann.ConnectAsync(Cancel);
        var bytes = new byte[2_500_000];
        Random.Shared.NextBytes(bytes);
        var progress = new Progress();
        using var content = new MemoryStream([9, 9, .. bytes]);
        content.Position = 2;

        var sent = await ann.Channel("lobby").SendFileAsync(
            content, "plän.bin", new OutgoingMessage { Text = "look", Attachments = JsonValue.Parse("""[{"own":1}]""") }, "application/x-a", progress, Cancel);

        var message = (await host.HistoryAsync())[0];
        (sent.Sequence, message.Text).Should().Be((1, "look"));
        var attachments = message.Content.Attachments!.ToElement();
        attachments[0].GetProperty("own").GetInt32().Should().Be(1);
        var file = attachments[1];
        (file.GetProperty("name").GetString(), file.GetProperty("type").GetString(), file.GetProperty("size").GetInt64()).Should().Be(("plän.bin", "application/x-a", bytes.Length));
        progress.Told.Should().BeInAscendingOrder().And.StartWith(0).And.EndWith(bytes.Length);
        line.Lost.Should().BeGreaterThan(3);

        await using var bob = host.Client("bob");
        await using var read = await bob.DownloadFileAsync(file.GetProperty("file").GetString()!, Cancel);
        using var copy = new MemoryStream();
        await read.CopyToAsync(copy, Cancel);
        copy.ToArray().Should().Equal(bytes);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told()
    {
        await using var host = await ChatHost.StartAsync();
        await using var ann = host.Client("ann");
        await using var nobody = host.Client("bad");
        using var content = new MemoryStream([1]);
        (await RefusedAsync(() => ann.Channel("nowhere").UploadFileAsync(content, "a"))).Should().Be(ErrorCodes.NotFound);
        (await RefusedAsync(() => nobody.Channel("lobby").UploadFileAsync(content, "a"))).Should().Be(ErrorCodes.Unauthenticated);
        (await RefusedAsync(() => ann.DownloadFileAsync(new string('0', 32), Cancel))).Should().Be(ErrorCodes.NotFound);
        await ann.CloseAsync();
        (await RefusedAsync(() => ann.Channel("lobby").UploadFileAsync(content, "a"))).Should().Be(ClientErrorCodes.Closed);

        static async Task<string> RefusedAsync(Func<Task> call) => (await call.Should().ThrowAsync<RealtimeException>()).Which.Code;
    }

    private sealed class Progress : IProgress<FileProgress>
    {
        public List<long> Told { get; } = [];

        public void Report(FileProgress value) => Told.Add(value.Sent);
    }

    /// <summary>Loses every second request: by turns before the server has it, after it, and with a server that is busy.</summary>
    private sealed class LossyLine() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _count;

        public int Lost { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (++_count % 2 == 0) return await base.SendAsync(request, cancellationToken);
            Lost++;
            if (Lost % 3 == 0) return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            if (Lost % 3 == 1) (await base.SendAsync(request, cancellationToken)).Dispose();
            throw new HttpRequestException("The connection was lost.");
        }
    }
}
