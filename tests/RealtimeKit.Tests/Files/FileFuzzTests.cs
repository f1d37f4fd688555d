using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using RealtimeKit.Files.S3;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Files;

/// <summary>
/// Hostile uploads by random: no answer is a failure of the server, what is finished is what was acknowledged, and after its time nothing is left.
/// </summary>
public sealed class FileFuzzTests(SharedS3 shared)
{
    private const string ContentType = "application/offset+octet-stream";

    private static readonly string[] Users = ["ann", "bob"];

    private static readonly string[] Numbers =
        ["-1", "-0", "+5", "0x10", "1e3", "5 5", "", "NaN", "4.0", "9223372036854775807", "9223372036854775808", "99999999999999999999999", "104857601", "0,0", "5, 5"];

    private static readonly string[] Names =
        ["../../etc/passwd", "..\\..\\windows\\system.ini", "/", "\\", "..", "\0\0", "a\r\nSet-Cookie: x=1", "C:\\a\\..\\b", "\u202Egnp.exe", "🎈", "a\"; filename=\"b", "%2e%2e%2f", "CON", new('x', 3_000), "\uD800"];

    private static readonly string[] Types = ["text/html; charset=utf-7", "a/b\r\nX: y", "image/svg+xml", "*/*", "/", "text", "text/plain;;;", new('x', 500), "multipart/form-data; boundary=x"];

    private static readonly string[] Metadata =
        ["", ",", "channel", "channel bG9iYnk", "channel bG9iYnk=, channel bG9iYnk=", "channel !!!!", "channel bG9iYnk= x", "filename YQ==", "channel Li4vLi4=", "channel bm93aGVyZQ==", " = , = ", new('a', 9_000)];

    private static readonly string[] Checksums = ["sha1", "sha1 ", "md5 AAAA", "sha1 AAAA", "sha1 !!", "SHA1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk= x", new('s', 5_000)];

    private static readonly string[] Ids =
        ["..", "%2e%2e", "..%2f..%2fetc", "0", "00000000000000000000000000000000", "ABCDEF00000000000000000000000000", "0000000000000000000000000000000%00", "x/y", "%ff", new('a', 2_000)];

    private static readonly string[] Verbs = ["PUT", "TRACE", "OPTIONS", "PROPFIND", "POST", "PATCH", "HEAD", "DELETE", "GET", "X", "patch"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hostile_uploads_into_a_folder()
    {
        await using var host = await FileHost.StartAsync();
        await RunAsync(host, 900, 5_000, () => Task.FromResult(host.Files()));
    }

    [Fact]
    public async Task Hostile_uploads_into_a_bucket()
    {
        var bucket = await shared.NewBucketAsync();
        await using var host = await FileHost.StartAsync(files: new S3FileStore(await shared.ClientAsync(), new S3FileStoreOptions { Bucket = bucket }));
        await RunAsync(host, 250, 12_000_000, () => shared.ContentAsync(bucket));
    }

    private static async Task RunAsync(FileHost host, int steps, int mostBytes, Func<Task<IReadOnlyList<string>>> list)
    {
        var seed = Environment.GetEnvironmentVariable("FILE_FUZZ_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"FILE_FUZZ_SEED={seed}");
        var run = new Run(host, new Random(seed), mostBytes);
        for (var step = 0; step < steps; step++) await run.StepAsync();
        await run.EndAsync(list);
    }

    private sealed class Run(FileHost host, Random random, int mostBytes)
    {
        private static readonly HttpClient Http = new();

        private readonly List<FuzzedUpload> _uploads = [];

        private static (string, string) Tus => ("Tus-Resumable", "1.0.0");

        public async Task StepAsync()
        {
            var open = _uploads.Where(one => !one.IsDeleted && !one.IsFinished).ToList();
            var kind = random.Next(20);
            if (kind < 3 || open.Count == 0) await BeginAsync();
            else if (kind < 4) await BeginBadlyAsync();
            else if (kind < 9) await AppendAsync(Pick(open), random.Next(3));
            else if (kind < 10) await AppendBadlyAsync(Pick(open));
            else if (kind < 11) await AppendTooMuchAsync(Pick(open), chunked: random.Next(2) == 0);
            else if (kind < 13) await CutAsync(Pick(open));
            else if (kind < 15) await TwoAtOnceAsync(Pick(open));
            else if (kind < 16) await MeanwhileAsync(Pick(open));
            else if (kind < 17) await OthersAsync(Pick(_uploads));
            else if (kind < 18) await NonsenseAsync();
            else if (kind < 19) await SendMessageAsync();
            else await DeleteAsync(Pick(_uploads));
        }

        public async Task EndAsync(Func<Task<IReadOnlyList<string>>> list)
        {
            foreach (var upload in _uploads) await LearnAsync(upload);
            foreach (var upload in _uploads.Where(one => !one.IsDeleted)) await CheckAsync(upload);
            // With a message a file stays.
            host.Time.Advance(TimeSpan.FromDays(2));
            await host.SweepAsync();
            var kept = _uploads.Where(one => one is { IsDeleted: false, Message: not null }).ToList();
            foreach (var upload in kept) await CheckAsync(upload);
            (await list()).Should().HaveCount(kept.Count);
            foreach (var upload in kept) await host.Messaging.Messages.DeleteAsync("lobby", upload.Message!.Value, cancellationToken: Cancel);
            await host.SweepAsync();
            (await list()).Should().BeEmpty();
            _uploads.Should().Contain(one => one.IsFinished).And.Contain(one => one.Message != null);
        }

        private T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];

        private byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }

        private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

        [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The protocol says so.")]
        private static string Checksum(byte[] bytes) => $"sha1 {Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(bytes))}";

        private async Task BeginAsync()
        {
            var (owner, size) = (Pick(Users), random.Next(8) switch { 0 => 0, 1 => random.Next(mostBytes), _ => random.Next(5_000) });
            using var answer = await SendAsync("POST", "", owner, null, Tus, ("Upload-Length", $"{size}"), ("Upload-Metadata", $"channel {Encode("lobby")},filename {Encode(Pick(Names))},filetype {Encode(Pick(Types))}"));
            ((int)answer.StatusCode).Should().Be(201, "of {0} bytes", size);
            _uploads.Add(new FuzzedUpload(answer.Headers.Location!.ToString().Split('/')[^1], owner, size));
        }

        private async Task BeginBadlyAsync()
        {
            var badLength = random.Next(2) == 0;
            using var answer = await SendAsync("POST", "", Pick(Users), null, Tus, ("Upload-Length", badLength ? Pick(Numbers) : "5"), ("Upload-Metadata", badLength ? $"channel {Encode("lobby")}" : Pick(Metadata)));
            ((int)answer.StatusCode).Should().BeInRange(400, 499);
        }

        private async Task AppendAsync(FuzzedUpload upload, int checksum)
        {
            var bytes = Bytes(random.Next(Math.Min(upload.Size - upload.Length, random.Next(2) == 0 ? 1_000 : mostBytes) + 1));
            (string, string)[] sum = checksum switch { 0 => [], 1 => [("Upload-Checksum", Checksum(bytes))], _ => [("Upload-Checksum", Checksum([.. bytes, 1]))] };
            int status;
            try
            {
                using var answer = await PatchAsync(upload, upload.Length, bytes, sum);
                status = (int)answer.StatusCode;
            }
            catch (HttpRequestException) when (upload.HasUnanswered)
            {
                // A request whose connection was cut before came to its turn only now, and ended this one.
                if (checksum == 0) upload.Sent(upload.Length, bytes);
                await LearnAsync(upload);
                return;
            }

            // An answer that was lost before may have come true only now.
            if (status == 409) await LearnAsync(upload);
            else if (checksum == 2) status.Should().BeOneOf(bytes.Length == 0 && upload.IsFinished ? [204, 460] : [460]);
            else
            {
                status.Should().Be(204);
                upload.Acknowledged(upload.Length, bytes);
            }

            await LearnAsync(upload);
        }

        private async Task AppendBadlyAsync(FuzzedUpload upload)
        {
            var bytes = Bytes(random.Next(100));
            using var answer = random.Next(4) switch
            {
                0 => await SendAsync("PATCH", upload.Id, upload.Owner, bytes, Tus, ("Upload-Offset", Pick(Numbers))),
                1 => await SendAsync("PATCH", upload.Id, upload.Owner, bytes, Tus, ("Upload-Offset", $"{upload.Length}"), ("Upload-Checksum", Pick(Checksums))),
                2 => await SendAsync("PATCH", upload.Id, upload.Owner, bytes, ("Tus-Resumable", Pick(Numbers)), ("Upload-Offset", $"{upload.Length}")),
                _ => await PatchAsync(upload, upload.Length + 1 + random.Next(100), bytes),
            };
            ((int)answer.StatusCode).Should().BeInRange(400, 499);
        }

        private async Task AppendTooMuchAsync(FuzzedUpload upload, bool chunked)
        {
            var bytes = Bytes(upload.Size - upload.Length + 1 + random.Next(300_000));
            upload.Sent(upload.Length, []);
            try
            {
                using var request = Request("PATCH", upload.Id, upload.Owner, Tus, ("Upload-Offset", $"{upload.Length}"));
                request.Content = new ByteArrayContent(bytes);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
                if (chunked) request.Headers.TransferEncodingChunked = true;
                using var answer = await Http.SendAsync(request, Cancel);
                ((int)answer.StatusCode).Should().BeOneOf(413, 409);
            }
            catch (HttpRequestException)
            {
                // The server does not read what it refuses.
            }

            await LearnAsync(upload);
        }

        private async Task CutAsync(FuzzedUpload upload)
        {
            var bytes = Bytes(Math.Min(upload.Size - upload.Length, random.Next(20_000)));
            upload.Sent(upload.Length, bytes);
            using var socket = await OpenAsync();
            await socket.SendAsync(Head(upload, bytes.Length, random.Next(3) == 0 ? $"Upload-Checksum: {Checksum(bytes)}\r\n" : ""), Cancel);
            await socket.SendAsync(bytes.AsMemory(0, random.Next(bytes.Length + 1)), Cancel);
            if (random.Next(2) == 0) socket.LingerState = new LingerOption(true, 0);
            socket.Close();
            if (random.Next(2) == 0) await LearnAsync(upload);
        }

        private async Task TwoAtOnceAsync(FuzzedUpload upload)
        {
            var offset = upload.Length;
            var pieces = Enumerable.Range(0, 2).Select(_ => Bytes(random.Next(1, upload.Size - offset + 1))).ToList();
            var acknowledged = new List<byte[]>();
            await Task.WhenAll(pieces.Select(async bytes =>
            {
                try
                {
                    using var answer = await PatchAsync(upload, offset, bytes);
                    ((int)answer.StatusCode).Should().BeOneOf(204, 409, 423);
                    if ((int)answer.StatusCode != 204) return;
                    lock (acknowledged) acknowledged.Add(bytes);
                }
                catch (HttpRequestException)
                {
                    // The one that came first was ended by the other.
                }
            }));
            acknowledged.Count.Should().BeLessThanOrEqualTo(1, "one offset is acknowledged once");
            if (acknowledged.Count == 1) upload.Acknowledged(offset, acknowledged[0]);
            else pieces.ForEach(bytes => upload.Sent(offset, bytes));
            await LearnAsync(upload);
        }

        private async Task MeanwhileAsync(FuzzedUpload upload)
        {
            var bytes = Bytes(random.Next(1, upload.Size - upload.Length + 1));
            upload.Sent(upload.Length, bytes);
            using var socket = await OpenAsync();
            await socket.SendAsync(Head(upload, bytes.Length, ""), Cancel);
            await socket.SendAsync(bytes.AsMemory(0, bytes.Length / 2), Cancel);
            if (random.Next(3) == 0) await DeleteAsync(upload);
            else await LearnAsync(upload);
            try
            {
                await socket.SendAsync(bytes.AsMemory(bytes.Length / 2), Cancel);
            }
            catch (SocketException)
            {
                // The server has ended it.
            }

            socket.Close();
            await LearnAsync(upload);
        }

        private async Task OthersAsync(FuzzedUpload upload)
        {
            var other = Users.First(user => user != upload.Owner);
            foreach (var method in new[] { "HEAD", "PATCH", "DELETE" })
            {
                using var answer = await SendAsync(method, upload.Id, other, method == "PATCH" ? [1] : null, Tus, ("Upload-Offset", $"{upload.Length}"));
                ((int)answer.StatusCode).Should().Be(404);
            }

            if (upload.Message is null) (await host.GetAsync(other, upload.Id)).Should().Be(404);
        }

        private async Task NonsenseAsync()
        {
            var verb = Pick(Verbs);
            using var answer = await SendAsync(
                verb, Pick(Ids), random.Next(5) == 0 ? "wrong" : Pick(Users), verb is "PUT" or "PATCH" or "PROPFIND" ? Bytes(random.Next(50)) : null, random.Next(4) == 0 ? ("Tus-Resumable", Pick(Numbers)) : Tus,
                ("Upload-Offset", Pick(Numbers)), ("Range", random.Next(2) == 0 ? "bytes=9-2,-5,99999999999999999999-" : "bytes=0-"), ("X-HTTP-Method-Override", Pick(Verbs)));
            ((int)answer.StatusCode).Should().BeLessThan(500);
            if (answer.IsSuccessStatusCode) answer.RequestMessage!.Method.Method.Should().BeOneOf("OPTIONS", "POST");
        }

        private async Task SendMessageAsync()
        {
            var upload = _uploads.FirstOrDefault(one => one is { IsFinished: true, IsDeleted: false, Message: null });
            if (upload is null) return;
            await LearnAsync(upload);
            var message = new OutgoingMessage { Attachments = JsonValue.Parse($$"""[{"file":"{{upload.Id}}"}]""") };
            upload.Message = (await host.Messaging.Messages.SendAsync("lobby", message, upload.Owner, Cancel)).Sequence;
        }

        private async Task DeleteAsync(FuzzedUpload upload)
        {
            using var answer = await SendAsync("DELETE", upload.Id, upload.Owner, null, Tus);
            ((int)answer.StatusCode).Should().Be(upload.IsDeleted ? 404 : upload.Message is null ? 204 : 403);
            if (upload.Message is null) upload.IsDeleted = true;
        }

        private async Task LearnAsync(FuzzedUpload upload)
        {
            using var answer = await SendAsync("HEAD", upload.Id, upload.Owner, null, Tus);
            ((int)answer.StatusCode).Should().Be(upload.IsDeleted ? 404 : 200);
            if (!upload.IsDeleted) upload.Learned(int.Parse(answer.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture));
        }

        private async Task CheckAsync(FuzzedUpload upload)
        {
            using var answer = await SendAsync("GET", upload.Id, upload.Owner, null);
            ((int)answer.StatusCode).Should().Be(upload.IsFinished ? 200 : 404);
            if (upload.IsFinished) upload.AssertContent(await answer.Content.ReadAsByteArrayAsync(Cancel));
        }

        private Task<HttpResponseMessage> PatchAsync(FuzzedUpload upload, int offset, byte[] bytes, params (string, string)[] more) =>
            SendAsync("PATCH", upload.Id, upload.Owner, bytes, [Tus, ("Upload-Offset", $"{offset}"), .. more]);

        private async Task<HttpResponseMessage> SendAsync(string method, string id, string user, byte[]? body, params (string, string)[] headers)
        {
            using var request = Request(method, id, user, headers);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
            }

            var answer = await Http.SendAsync(request, Cancel);
            ((int)answer.StatusCode).Should().BeLessThan(500, "of {0} {1} with {2}", method, id, headers);
            return answer;
        }

        private HttpRequestMessage Request(string method, string id, string user, params (string Name, string Value)[] headers)
        {
            var request = new HttpRequestMessage(new HttpMethod(method), $"{host.Address}realtime/files{(id.Length == 0 ? "" : $"/{id}")}");
            request.Headers.Add("Authorization", $"Bearer {user}");
            foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
            return request;
        }

        private async Task<Socket> OpenAsync()
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync("127.0.0.1", host.Address.Port, Cancel);
            return socket;
        }

        private static byte[] Head(FuzzedUpload upload, int length, string more) => Encoding.ASCII.GetBytes(
            $"PATCH /realtime/files/{upload.Id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {upload.Owner}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {upload.Length}\r\n{more}Content-Type: {ContentType}\r\nContent-Length: {length}\r\n\r\n");
    }
}
