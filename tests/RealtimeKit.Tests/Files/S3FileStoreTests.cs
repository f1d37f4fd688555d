using Amazon.Runtime;
using Amazon.S3;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RealtimeKit.Files;
using RealtimeKit.Files.S3;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Files;

/// <summary>What a bucket has beside the contract: what a process's end leaves, failures that say how to mend them, and options.</summary>
public sealed class S3FileStoreTests(SharedS3 shared)
{
    private const int Part = 5 * 1_024 * 1_024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_process_sent_in_whole_parts_is_kept_after_its_end_and_goes_on_elsewhere()
    {
        var bucket = await shared.NewBucketAsync();
        var (dead, alive) = (await OpenAsync(bucket), await OpenAsync(bucket));
        var bytes = new byte[(3 * Part) + 17];
        Random.Shared.NextBytes(bytes);
        var id = StoredFile.NewId();
        await dead.CreateAsync(id, Cancel);
        // Neither committed nor disposed of: so a killed process leaves it.
        var append = await dead.AppendAsync(id, 0, 10L * Part, tentative: false, Cancel);
        await append.WriteAsync(bytes.AsMemory(0, (2 * Part) + 5), Cancel);
        (await alive.FindLengthAsync(id, Cancel)).Should().Be(2 * Part);
        await AppendAsync(alive, id, 2 * Part, bytes.AsMemory(2 * Part));
        // It wakes up, and writes a part whose number is not that of another.
        var late = () => append.WriteAsync(new byte[2 * Part], Cancel).AsTask();
        await late.Should().ThrowAsync<FileBusyException>();
        await alive.CompleteAsync(id, Cancel);
        (await ReadAsync(alive, id)).Should().Equal(bytes);
        await alive.RemoveAsync(id, Cancel);
        (await shared.ContentAsync(bucket)).Should().BeEmpty();
    }

    [Fact]
    public async Task Numbers_of_parts_are_used_again_where_bytes_are_taken_back()
    {
        var bucket = await shared.NewBucketAsync();
        var store = await OpenAsync(bucket);
        var id = StoredFile.NewId();
        await store.CreateAsync(id, Cancel);
        var bytes = new byte[Part + 1];
        await AppendAsync(store, id, 0, bytes.AsMemory(0, 1));
        for (var round = 0; round < 3; round++)
        {
            await using var append = await store.AppendAsync(id, 1, Part + 100, tentative: true, Cancel);
            await append.WriteAsync(new byte[Part + 100], Cancel);
            await append.UndoAsync(Cancel);
        }

        await AppendAsync(store, id, 1, bytes.AsMemory(1));
        using var client = await shared.ClientAsync();
        var uploads = await client.ListMultipartUploadsAsync(new Amazon.S3.Model.ListMultipartUploadsRequest { BucketName = bucket }, Cancel);
        var parts = await client.ListPartsAsync(new() { BucketName = bucket, Key = $"files/{id}", UploadId = uploads.MultipartUploads.Single().UploadId }, Cancel);
        parts.Parts.Should().ContainSingle("each round wrote over the part of the one before");
        await store.CompleteAsync(id, Cancel);
        (await ReadAsync(store, id)).Should().Equal(bytes);
    }

    [Fact]
    public async Task A_completion_that_ended_in_the_middle_is_completed_by_the_next()
    {
        var bucket = await shared.NewBucketAsync();
        var store = await OpenAsync(bucket);
        foreach (var size in new[] { 3, Part + 3 })
        {
            var id = StoredFile.NewId();
            await store.CreateAsync(id, Cancel);
            await AppendAsync(store, id, 0, new byte[size]);
            using var client = await shared.ClientAsync();
            var kept = (await client.ListObjectsV2Async(new() { BucketName = bucket, Prefix = $"uploads/{id}/" }, Cancel)).S3Objects.Single().Key;
            await client.CopyObjectAsync(new() { SourceBucket = bucket, SourceKey = kept, DestinationBucket = bucket, DestinationKey = "kept" }, Cancel);
            await store.CompleteAsync(id, Cancel);
            // As if the process had ended before it removed the upload.
            await client.CopyObjectAsync(new() { SourceBucket = bucket, SourceKey = "kept", DestinationBucket = bucket, DestinationKey = kept }, Cancel);
            await client.DeleteObjectAsync(new() { BucketName = bucket, Key = "kept" }, Cancel);
            (await store.FindLengthAsync(id, Cancel)).Should().Be(size);
            var append = () => AppendAsync(store, id, size, new byte[1]);
            (await append.Should().ThrowAsync<FileOffsetException>()).Which.Length.Should().Be(size);
            await store.CompleteAsync(id, Cancel);
            (await shared.ContentAsync(bucket)).Should().Equal($"files/{id}");
            await store.RemoveAsync(id, Cancel);
        }
    }

    [Fact]
    public async Task Failures_say_what_to_do()
    {
        var id = StoredFile.NewId();
        var missing = await OpenAsync("no-such-bucket");
        (await FailureAsync(() => missing.CreateAsync(id, Cancel).AsTask())).Should().Contain("There is no bucket 'no-such-bucket'").And.Contain("create it");
        using var nobody = new S3FileStore(SharedS3.Client(new Uri("http://127.0.0.1:1/"), retries: 0), new S3FileStoreOptions { Bucket = "files" });
        (await FailureAsync(() => nobody.FindLengthAsync(id, Cancel).AsTask())).Should().Contain("The server of the bucket 'files' did not answer");
        foreach (var (code, status, text) in new[]
        {
            ("AccessDenied", 403, "s3:AbortMultipartUpload"), ("SignatureDoesNotMatch", 403, "refused the credentials"), ("AuthorizationHeaderMalformed", 400, "set S3FileStoreOptions.Region"),
            ("NotImplemented", 501, "multipart uploads"), ("SlowDown", 503, "answered 503 (SlowDown)"),
        })
        {
            var failure = new AmazonS3Exception("no", ErrorType.Sender, code, "request", (System.Net.HttpStatusCode)status);
            S3Failures.Explain(failure, "files").Message.Should().Contain("'files'").And.Contain(text);
        }

        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var find = () => missing.FindLengthAsync(id, cancelled.Token).AsTask();
        await find.Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task A_server_that_ignores_conditions_is_found_out_before_the_first_upload()
    {
        var bucket = await shared.NewBucketAsync();
        var address = await shared.AddressAsync();
        // A proxy on the way that drops the header.
        using var client = new AmazonS3Client(new BasicAWSCredentials("user", "secret"), new AmazonS3Config
        {
            ServiceURL = address.AbsoluteUri, ForcePathStyle = true, HttpClientFactory = new Unconditional(), RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        });
        var strict = new S3FileStore(client, new S3FileStoreOptions { Bucket = bucket });
        (await FailureAsync(() => strict.CreateAsync(StoredFile.NewId(), Cancel).AsTask())).Should().Contain("ignores If-None-Match").And.Contain("ConditionalWrites");
        var alone = new S3FileStore(client, new S3FileStoreOptions { Bucket = bucket, Prefix = "chat/", ConditionalWrites = false });
        var id = StoredFile.NewId();
        await alone.CreateAsync(id, Cancel);
        await AppendAsync(alone, id, 0, new byte[] { 1, 2 });
        await AppendAsync(alone, id, 2, new byte[] { 3 });
        await alone.CompleteAsync(id, Cancel);
        (await ReadAsync(alone, id)).Should().Equal(1, 2, 3);
        (await shared.ContentAsync(bucket)).Should().Equal($"chat/files/{id}");
    }

    [Fact]
    public async Task Options_that_are_out_of_range_stop_the_start()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddRealtimeMessaging().AddWebSockets().UseInMemoryStore().AddS3Files("files", options =>
        {
            (options.Prefix, options.PartBytes, options.UploadsAtOnce, options.Endpoint) = ("chat", Part - 1, 0, new Uri("ftp://server/"));
        });
        using var host = builder.Build();
        var start = () => host.StartAsync(Cancel);
        (await start.Should().ThrowAsync<OptionsValidationException>()).Which.Failures.Should().HaveCount(4);
    }

    [Fact]
    public async Task A_host_keeps_its_files_in_the_bucket()
    {
        var bucket = await shared.NewBucketAsync();
        var (client, address) = (await shared.ClientAsync(), await shared.AddressAsync());
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddRealtimeMessaging().AddWebSockets().UseInMemoryStore().AddS3Files(bucket, options => (options.Client, options.Endpoint) = (_ => client, address), files => files.MaxFileBytes = Part + 10);
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        var messaging = host.Services.GetRequiredService<IRealtimeMessaging>();
        await messaging.Channels.EnsureAsync("lobby", cancellationToken: Cancel);
        var bytes = new byte[Part + 10];
        Random.Shared.NextBytes(bytes);
        var file = await messaging.Files.UploadAsync("lobby", "big", new MemoryStream(bytes), cancellationToken: Cancel);
        await using (var content = (await messaging.Files.OpenAsync(file.Id, Cancel))!)
        {
            var read = new MemoryStream();
            await content.CopyToAsync(read, Cancel);
            read.ToArray().Should().Equal(bytes);
        }

        var large = () => messaging.Files.UploadAsync("lobby", "big", new MemoryStream(new byte[Part + 11]), cancellationToken: Cancel);
        await large.Should().ThrowAsync<FileRefusedException>();
        (await shared.ContentAsync(bucket)).Should().Equal($"files/{file.Id}");
        (await messaging.Files.DeleteAsync(file.Id, Cancel)).Should().BeTrue();
        (await shared.ContentAsync(bucket)).Should().BeEmpty();
        await host.StopAsync(Cancel);
    }

    private static async Task<string> FailureAsync(Func<Task> call) => (await call.Should().ThrowAsync<IOException>()).Which.Message;

    private static async Task AppendAsync(IFileStore store, string id, long offset, ReadOnlyMemory<byte> bytes)
    {
        await using var append = await store.AppendAsync(id, offset, bytes.Length, tentative: false, Cancel);
        await append.WriteAsync(bytes, Cancel);
        await append.CommitAsync(Cancel);
    }

    private static async Task<byte[]> ReadAsync(IFileStore store, string id)
    {
        await using var content = (await store.OpenAsync(id, Cancel))!;
        var read = new MemoryStream();
        await content.CopyToAsync(read, Cancel);
        return read.ToArray();
    }

    private async Task<S3FileStore> OpenAsync(string bucket) => new(await shared.ClientAsync(), new S3FileStoreOptions { Bucket = bucket });

    private sealed class Unconditional : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new Dropping { InnerHandler = new SocketsHttpHandler() });

        private sealed class Dropping : DelegatingHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                request.Headers.Remove("If-None-Match");
                return base.SendAsync(request, cancellationToken);
            }
        }
    }
}
