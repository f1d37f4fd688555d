using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Messages that carry files, and who may have these.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class FileMessageTests(QuickStartProcess server) : FileTest(server)
{
    [Fact]
    public async Task The_server_fills_in_name_type_and_size()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        await SubscribeAsync(ann, channel);
        var id = await UploadAsync(cookie, channel, Png, "plan.txt", "text/plain");
        var message = new { id = NewId(), text = "look", attachments = new object[] { new { name = "lie", file = id, size = 1, alt = "a plan" }, new { own = true } } };
        (await ann.RequestAsync("publish", new { channel, message })).ShouldBePublished(channel, message.id, 1, 1, false);
        var posted = (await NextEventAsync(ann, channel)).Field("message");
        posted.Field("attachments").ShouldEqualJson($$"""[{"file":"{{id}}","alt":"a plan","name":"plan.txt","type":"image/png","size":12},{"own":true}]""");
        (await ann.RequestAsync("publish", new { channel, message })).ShouldBePublished(channel, message.id, 1, 1, true);
        var other = new { message.id, message.text, attachments = new[] { new { file = id } } };
        (await ann.RequestAsync("publish", new { channel, message = other })).ShouldBeError("conflict");
    }

    [Fact]
    public async Task A_file_is_in_one_message()
    {
        var (ann, cookie) = await UserAsync();
        var (bob, bobs) = await UserAsync();
        string channel = await CreateAsync(ann), other = await CreateAsync(ann);
        var id = await UploadAsync(cookie, channel, [1]);
        await RefusedAsync(ann, other, id);
        await RefusedAsync(bob, channel, id);
        await RefusedAsync(ann, channel, id, id);
        await RefusedAsync(ann, channel, await BegunAsync(cookie, channel, 1));
        await RefusedAsync(ann, channel, await UploadAsync(bobs, channel, [1]));
        await RefusedAsync(ann, channel, "unknown");
        (await ann.RequestAsync("publish", new { channel, message = WithFiles(id) })).ShouldBe("published");
        await RefusedAsync(ann, channel, id);
        (await PublishRawAsync(ann, channel, NewId(), "\"attachments\":[{\"file\":1}]")).ShouldBeError("invalid");
        (await PublishRawAsync(ann, channel, NewId(), "\"attachments\":[{\"\\u0066ile\":{}}]")).ShouldBeError("invalid");
        // Form comes before visibility, existence after permission.
        (await PublishRawAsync(ann, NewName("none"), NewId(), "\"attachments\":[{\"file\":1}]")).ShouldBeError("invalid");
        (await ann.RequestAsync("publish", new { channel = NewName("none"), message = WithFiles("unknown") })).ShouldBeError("not_found");
        (await ann.RequestAsync("mute", new { channel, user = bob.User })).ShouldBe("ok");
        (await bob.RequestAsync("publish", new { channel, message = WithFiles("unknown") })).ShouldBeError("forbidden");
        // What was refused has not taken anything: the channel has one message.
        (await HistoryAsync(ann, channel)).Items("messages").Should().ContainSingle();
    }

    [Fact]
    public async Task An_edit_takes_and_drops_files()
    {
        var (ann, cookie) = await UserAsync();
        var channel = await CreateAsync(ann);
        string one = await UploadAsync(cookie, channel, [1]), two = await UploadAsync(cookie, channel, [1, 2]), three = await UploadAsync(cookie, channel, [1, 2, 3]);
        (await ann.RequestAsync("publish", new { channel, message = WithFiles(one, two) })).ShouldBe("published");
        (await EditAsync(one, two)).ShouldBe("ok").Number("version").Should().Be(1);
        (await EditAsync(one, three)).ShouldBe("ok").Number("version").Should().Be(2);
        await ExpectAsync(404, GetAsync(cookie, two));
        await ExpectAsync(200, GetAsync(cookie, three));
        (await MessageAsync(ann, channel, 1)).Items("attachments").Select(one => one.Number("size")).Should().Equal(1, 3);
        (await EditAsync(one, two)).ShouldBeError("invalid");
        (await EditAsync(one, one)).ShouldBeError("invalid");
        await RefusedAsync(ann, channel, two);
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "words" })).ShouldBe("ok");
        await ExpectAsync(200, GetAsync(cookie, one));
        (await ann.RequestAsync("edit", new { channel, sequence = 1, attachments = (object?)null })).ShouldBe("ok");
        await ExpectAsync(404, GetAsync(cookie, one));

        Task<System.Text.Json.JsonElement> EditAsync(params string[] files) =>
            ann.RequestAsync("edit", new { channel, sequence = 1, attachments = files.Select(file => new { file }).ToArray() });
    }

    [Fact]
    public async Task Readers_of_the_channel_download()
    {
        var (ann, cookie) = await UserAsync();
        var (bob, bobs) = await UserAsync();
        var channel = await CreateAsync(ann, "private", bob.User);
        var (_, strangers) = await UserAsync();
        var id = await UploadAsync(cookie, channel, Png, "a.png", "image/png");
        await ExpectAsync(404, GetAsync(bobs, id));
        (await ann.RequestAsync("publish", new { channel, message = WithFiles(id) })).ShouldBe("published");
        using (var file = await GetAsync(bobs, id))
        {
            (await BytesAsync(file)).Should().Equal(Png);
            Header(file, "ETag").Should().NotBeEmpty();
            Header(file, "Cache-Control").Should().Be("no-cache, private");
            Header(file, "X-Content-Type-Options").Should().Be("nosniff");
            Header(file, "Content-Security-Policy").Should().Contain("sandbox");
            Header(file, "Content-Type").Should().Be("image/png");
            await ExpectAsync(304, GetAsync(bobs, id, ("If-None-Match", Header(file, "ETag"))));
            await ExpectAsync(404, GetAsync(strangers, id, ("If-None-Match", Header(file, "ETag"))));
            using var part = await GetAsync(bobs, id, ("Range", "bytes=1-3"), ("If-Range", Header(file, "ETag")));
            ((int)part.StatusCode).Should().Be(206);
            (await TextAsync(part)).Should().Be("PNG");
            Header(part, "Content-Range").Should().Be("bytes 1-3/12");
            await ExpectAsync(416, GetAsync(bobs, id, ("Range", "bytes=99-")));
        }

        using (var head = await SendAsync("HEAD", Address(id), bobs))
            (Header(head, "Content-Length"), Header(head, "Content-Type")).Should().Be(("12", "image/png"));
        await ExpectAsync(403, TusAsync("DELETE", Address(id), cookie));
        using (var unknown = await GetAsync(strangers, new string('0', 32)))
        using (var unseen = await GetAsync(strangers, id))
            (await TextAsync(unseen), unseen.StatusCode).Should().Be((await TextAsync(unknown), unknown.StatusCode));
        (await ann.RequestAsync("remove", new { channel, user = bob.User })).ShouldBe("ok");
        await ExpectAsync(404, GetAsync(bobs, id));
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        await ExpectAsync(404, GetAsync(cookie, id));
    }

    [Theory]
    [InlineData("<!doctype html><script>alert(1)</script>", "text/plain", "text/html", "attachment")]
    [InlineData("  <SVG onload=alert(1)>", "image/png", "image/svg+xml", "attachment")]
    [InlineData("<?xml version='1.0'?><a/>", "text/plain", "application/xml", "attachment")]
    [InlineData("hello", "text/plain", "text/plain", "inline")]
    [InlineData("hello", "text/html", "text/html", "attachment")]
    [InlineData("hello", "application/x-thing", "application/x-thing", "attachment")]
    [InlineData("hello", "no type\u00e9", "application/octet-stream", "attachment")]
    [InlineData("hello", null, "application/octet-stream", "attachment")]
    [InlineData("GIF89a.", "text/html", "image/gif", "inline")]
    [InlineData("%PDF-1.7", "text/plain", "application/pdf", "attachment")]
    [InlineData("OggS....", "video/ogg", "video/ogg", "inline")]
    public async Task The_content_decides_the_type(string content, string? declared, string type, string disposition)
    {
        var (ann, cookie) = await UserAsync();
        var id = await UploadAsync(cookie, await CreateAsync(ann), System.Text.Encoding.UTF8.GetBytes(content), null, declared);
        using var file = await GetAsync(cookie, id);
        Header(file, "Content-Type").Should().Be(type);
        file.Content.Headers.ContentDisposition!.DispositionType.Should().Be(disposition);
        file.Content.Headers.ContentDisposition.FileNameStar.Should().Be("file");
    }

    private static async Task RefusedAsync(RawClient client, string channel, params string[] files) =>
        (await client.RequestAsync("publish", new { channel, message = WithFiles(files) })).ShouldBeError("invalid");
}
