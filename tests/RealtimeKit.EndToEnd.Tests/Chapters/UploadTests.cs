using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Uploads by tus 1.0 at <c>files</c> below the endpoint.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class UploadTests(QuickStartProcess server) : FileTest(server)
{
    [Fact]
    public async Task The_feature_is_announced()
    {
        var ann = await OpenAsync();
        (await ann.ConnectAsync()).Texts("features").Should().Contain("files");
    }

    [Fact]
    public async Task The_server_says_what_it_can()
    {
        using var options = await SendAsync("OPTIONS", Folder, null);
        ((int)options.StatusCode).Should().Be(204);
        Header(options, "Tus-Resumable").Should().Be("1.0.0");
        Header(options, "Tus-Version").Should().Be("1.0.0");
        Header(options, "Tus-Max-Size").Should().Be("104857600");
        Header(options, "Tus-Extension").Split(',').Should().Contain(["creation", "termination", "checksum"]);
        Header(options, "Tus-Checksum-Algorithm").Should().Be("sha1");
    }

    [Fact]
    public async Task A_file_is_uploaded_in_pieces()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        using var begun = await BeginAsync(cookie, channel, 11, "ünter/lagen\\plan 🎈.txt");
        ((int)begun.StatusCode).Should().Be(201);
        var location = begun.Headers.Location!.ToString();
        location.Should().MatchRegex("^(http://[^/]+)?/realtime/files/[^/?]+$", "the address of the download has no token");
        var id = location.Split('/')[^1];
        await ExpectAsync(404, GetAsync(cookie, id));
        using (var first = await PatchAsync(cookie, id, 0, "hello "u8.ToArray()))
        {
            ((int)first.StatusCode).Should().Be(204);
            Header(first, "Upload-Offset").Should().Be("6");
            Header(first, "Tus-Resumable").Should().Be("1.0.0");
        }

        using (var head = await TusAsync("HEAD", Address(id), cookie))
        {
            ((int)head.StatusCode).Should().Be(200);
            (Header(head, "Upload-Offset"), Header(head, "Upload-Length"), Header(head, "Cache-Control")).Should().Be(("6", "11", "no-store"));
        }

        await ExpectAsync(409, PatchAsync(cookie, id, 5, "world"u8.ToArray()));
        await ExpectAsync(409, PatchAsync(cookie, id, 7, "world"u8.ToArray()));
        await ExpectAsync(204, PatchAsync(cookie, id, 6, "world"u8.ToArray()));
        using var file = await GetAsync(cookie, id);
        (await TextAsync(file)).Should().Be("hello world");
        file.Content.Headers.ContentDisposition!.FileNameStar.Should().Be("plan 🎈.txt");
        using var whole = await TusAsync("HEAD", Address(id), cookie);
        Header(whole, "Upload-Offset").Should().Be("11");
    }

    [Fact]
    public async Task An_empty_file_is_finished_at_once()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        var id = await BegunAsync(cookie, channel, 0);
        using var file = await GetAsync(cookie, id);
        ((int)file.StatusCode).Should().Be(200);
        (await BytesAsync(file)).Should().BeEmpty();
        (await ann.RequestAsync("publish", new { channel, message = WithFiles(id) })).ShouldBe("published");
    }

    [Fact]
    public async Task What_has_not_its_form_is_refused()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        var metadata = ("Upload-Metadata", (string?)Metadata(channel));
        await ExpectAsync(401, BeginAsync(null, channel, 1));
        await ExpectAsync(412, SendAsync("POST", Folder, cookie, headers: [("Upload-Length", "1"), metadata]));
        await ExpectAsync(412, SendAsync("POST", Folder, cookie, headers: [("Tus-Resumable", "0.2.2"), ("Upload-Length", "1"), metadata]));
        await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, metadata));
        await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, ("Upload-Defer-Length", "1"), metadata));
        foreach (var length in new[] { "-1", "1.5", "x", "99999999999999999999" }) await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, ("Upload-Length", length), metadata));
        await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, ("Upload-Length", "1")));
        await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, ("Upload-Length", "1"), ("Upload-Metadata", "filename YQ==")));
        await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, ("Upload-Length", "1"), ("Upload-Metadata", "channel ???")));
        await ExpectAsync(400, BeginAsync(cookie, "no channel's name", 1));
        await ExpectAsync(413, BeginAsync(cookie, channel, 104_857_601));
        var id = await BegunAsync(cookie, channel, 1);
        await ExpectAsync(412, SendAsync("PATCH", Address(id), cookie, [1], headers: [("Upload-Offset", "0")]));
        await ExpectAsync(415, SendAsync("PATCH", Address(id), cookie, [1], "application/octet-stream", ("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0")));
        await ExpectAsync(400, TusAsync("PATCH", Address(id), cookie, [1]));
        await ExpectAsync(401, PatchAsync(null, id, 0, [1]));
        await ExpectAsync(401, GetAsync(null, id));
        await ExpectAsync(405, TusAsync("PUT", Address(id), cookie, [1]));
    }

    [Fact]
    public async Task Only_who_may_publish_uploads()
    {
        var (ann, _) = await UserAsync();
        var (bob, cookie) = await UserAsync();
        var hidden = await CreateAsync(ann, "private");
        var open = await CreateAsync(ann);
        await ExpectAsync(404, BeginAsync(cookie, hidden, 1));
        await ExpectAsync(404, BeginAsync(cookie, NewName("none"), 1));
        var id = await BegunAsync(cookie, open, 4);
        await ExpectAsync(204, PatchAsync(cookie, id, 0, [1]));
        (await ann.RequestAsync("mute", new { channel = open, user = bob.User })).ShouldBe("ok");
        await ExpectAsync(403, BeginAsync(cookie, open, 1));
        await ExpectAsync(403, PatchAsync(cookie, id, 1, [2]));
        (await ann.RequestAsync("unmute", new { channel = open, user = bob.User })).ShouldBe("ok");
        await ExpectAsync(204, PatchAsync(cookie, id, 1, [2]));
    }

    [Fact]
    public async Task Whoever_is_blocked_uploads_nothing_to_the_direct_channel()
    {
        var (ann, _) = await UserAsync();
        var (bob, cookie) = await UserAsync();
        var channel = (await ann.RequestAsync("create", new { kind = "direct", members = new[] { bob.User } })).ShouldBe("ok").Text("channel");
        var id = await BegunAsync(cookie, channel, 4);
        (await ann.RequestAsync("block", new { user = bob.User })).ShouldBe("ok");
        await ExpectAsync(403, BeginAsync(cookie, channel, 1));
        await ExpectAsync(403, PatchAsync(cookie, id, 0, [1]));
        (await ann.RequestAsync("unblock", new { user = bob.User })).ShouldBe("ok");
        await ExpectAsync(204, PatchAsync(cookie, id, 0, [1]));
    }

    [Fact]
    public async Task Another_users_upload_is_unknown()
    {
        var (ann, cookie) = await UserAsync();
        var (_, other) = await UserAsync();
        var channel = await CreateAsync(ann);
        var id = await BegunAsync(cookie, channel, 2);
        await ExpectAsync(404, PatchAsync(other, id, 0, [1, 2]));
        await ExpectAsync(404, TusAsync("HEAD", Address(id), other));
        await ExpectAsync(404, TusAsync("DELETE", Address(id), other));
        await ExpectAsync(204, PatchAsync(cookie, id, 0, [1, 2]));
        await ExpectAsync(404, GetAsync(other, id));
        await ExpectAsync(404, PatchAsync(cookie, new string('0', 32), 0, [1]));
        await ExpectAsync(404, PatchAsync(cookie, "..%2f..%2fetc%2fpasswd", 0, [1]));
    }

    [Fact]
    public async Task More_than_the_length_is_refused_and_nothing_of_it_kept()
    {
        var (ann, cookie) = await UserAsync();
        var id = await BegunAsync(cookie, await CreateAsync(ann), 4);
        await ExpectAsync(204, PatchAsync(cookie, id, 0, [1]));
        await ExpectAsync(413, PatchAsync(cookie, id, 1, [2, 3, 4, 5]));
        await ExpectAsync(413, PatchAsync(cookie, id, 1, [2, 3, 4, 5], ("Transfer-Encoding", "chunked")));
        using var head = await TusAsync("HEAD", Address(id), cookie);
        Header(head, "Upload-Offset").Should().Be("1");
    }

    [Fact]
    public async Task Checksums_are_held_to()
    {
        var (ann, cookie) = await UserAsync();
        var id = await BegunAsync(cookie, await CreateAsync(ann), 4);
        var sum = Checksum([1, 2]);
        await ExpectAsync(460, PatchAsync(cookie, id, 0, [1, 3], ("Upload-Checksum", sum)));
        await ExpectAsync(400, PatchAsync(cookie, id, 0, [1, 2], ("Upload-Checksum", "md5" + sum[4..])));
        await ExpectAsync(400, PatchAsync(cookie, id, 0, [1, 2], ("Upload-Checksum", "sha1 x")));
        await ExpectAsync(204, PatchAsync(cookie, id, 0, [1, 2], ("Upload-Checksum", sum)));
        using var head = await TusAsync("HEAD", Address(id), cookie);
        Header(head, "Upload-Offset").Should().Be("2");
    }

    [Fact]
    public async Task An_upload_is_given_up()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        var half = await BegunAsync(cookie, channel, 4);
        await ExpectAsync(204, PatchAsync(cookie, half, 0, [1]));
        var whole = await UploadAsync(cookie, channel, [1]);
        foreach (var id in new[] { half, whole })
        {
            await ExpectAsync(204, TusAsync("DELETE", Address(id), cookie));
            await ExpectAsync(404, TusAsync("HEAD", Address(id), cookie));
            await ExpectAsync(404, TusAsync("DELETE", Address(id), cookie));
            Directory.EnumerateFiles(server.Files, id + "*", SearchOption.AllDirectories).Should().BeEmpty();
        }

        (await ann.RequestAsync("publish", new { channel, message = WithFiles(whole) })).ShouldBeError("invalid");
    }

    [Fact]
    public async Task Pages_of_another_origin_may_not_upload()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        var headers = new (string, string?)[] { ("Upload-Length", "1"), ("Upload-Metadata", Metadata(channel)) };
        await ExpectAsync(403, TusAsync("POST", Folder, cookie, null, [("Origin", "https://evil.example"), .. headers]));
        await ExpectAsync(201, TusAsync("POST", Folder, cookie, null, [("Origin", Server.Address.ToString().TrimEnd('/')), .. headers]));
        var id = await UploadAsync(cookie, channel, [1]);
        await ExpectAsync(403, TusAsync("DELETE", Address(id), cookie, null, ("Origin", "https://evil.example")));
        await ExpectAsync(200, GetAsync(cookie, id, ("Origin", "https://evil.example")));
    }

    [Fact]
    public async Task What_came_before_the_connection_was_lost_is_kept()
    {
        var (ann, cookie) = await UserAsync();
        var id = await BegunAsync(cookie, await CreateAsync(ann), 1_000);
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(Server.Address.Host, Server.Address.Port, TestContext.Current.CancellationToken);
            await using var stream = socket.GetStream();
            var head = $"PATCH /realtime/files/{id} HTTP/1.1\r\nHost: {Server.Address.Authority}\r\nCookie: {cookie}\r\nTus-Resumable: 1.0.0\r\n"
                + "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + new string('x', 400)), TestContext.Current.CancellationToken);
            await UntilAsync(() => new FileInfo(Path.Combine(server.Files, "uploads", id)).Length == 400);

            // The client comes again while the server still waits for the first request.
            using var again = await TusAsync("HEAD", Address(id), cookie);
            Header(again, "Upload-Offset").Should().Be("400");
        }

        await ExpectAsync(204, PatchAsync(cookie, id, 400, Encoding.ASCII.GetBytes(new string('y', 600))));
        using var file = await GetAsync(cookie, id);
        (await TextAsync(file)).Should().Be(new string('x', 400) + new string('y', 600));
    }

    [Fact]
    public async Task Lying_headers_break_nothing()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        var huge = new string('a', 20_000);
        await ExpectAsync(400, TusAsync("POST", Folder, cookie, null, ("Upload-Length", "1"), ("Upload-Metadata", $"{Metadata(channel)},x {huge}")));
        var id = await BegunAsync(cookie, channel, 1, filename: string.Concat(Enumerable.Repeat("🎈", 200)) + "\u0007/../" + new string('n', 300));
        await ExpectAsync(204, PatchAsync(cookie, id, 0, [1]));
        using var file = await GetAsync(cookie, id);
        file.Content.Headers.ContentDisposition!.FileNameStar.Should().Be(new string('n', 255));
        var offset = long.MaxValue.ToString(CultureInfo.InvariantCulture);
        await ExpectAsync(409, TusAsync("PATCH", Address(id), cookie, [1], ("Upload-Offset", offset)));
    }
}
