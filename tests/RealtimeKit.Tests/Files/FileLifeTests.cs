using System.Text;
using FluentAssertions;
using RealtimeKit.Files;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Files;

/// <summary>How long files stay, who may have how many, and what the host's own code does with them.</summary>
public sealed class FileLifeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_no_message_takes_leaves_no_byte_after_its_time()
    {
        await using var host = await FileHost.StartAsync();
        var half = await host.BegunAsync("ann", 4);
        await host.PatchAsync("ann", half, 0, [1]);
        host.Time.Advance(TimeSpan.FromHours(1));
        var untaken = await host.UploadAsync("ann", [1, 2]);
        var taken = await host.UploadAsync("ann", [1, 2, 3]);
        await host.Messaging.Messages.SendAsync("lobby", WithFile(taken), "ann", Cancel);

        host.Time.Advance(TimeSpan.FromHours(23) - TimeSpan.FromMilliseconds(1));
        await host.SweepAsync();
        (await host.PatchAsync("ann", half, 1, [2])).Should().Be(204);
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        (await host.PatchAsync("ann", half, 2, [3])).Should().Be(404, "its time has passed, whether or not it was swept");
        await host.SweepAsync();
        Names(host).Should().BeEquivalentTo(untaken, taken);
        host.Time.Advance(TimeSpan.FromHours(1));
        (await host.GetAsync("ann", untaken)).Should().Be(404);
        var send = () => host.Messaging.Messages.SendAsync("lobby", WithFile(untaken), "ann", Cancel);
        await send.Should().ThrowAsync<MessageFileException>();
        await host.SweepAsync();
        Names(host).Should().BeEquivalentTo(taken);
        host.Time.Advance(TimeSpan.FromDays(1_000));
        await host.SweepAsync();
        (await host.GetAsync("bob", taken)).Should().Be(200);
    }

    [Fact]
    public async Task What_is_due_is_unknown_before_it_is_swept()
    {
        await using var host = await FileHost.StartAsync(options =>
            options.KeepUnfinished = options.KeepUntaken = (options.SweepInterval = TimeSpan.FromDays(1)) / 2);
        var half = await host.BegunAsync("ann", 4);
        var untaken = await host.UploadAsync("ann", [1]);
        host.Time.Advance(TimeSpan.FromHours(12));
        (await host.PatchAsync("ann", half, 0, [1])).Should().Be(404);
        (await host.GetAsync("ann", untaken)).Should().Be(404);
        Names(host).Should().BeEquivalentTo(half, untaken);
        await host.SweepAsync();
        host.Files().Should().BeEmpty();
    }

    [Fact]
    public async Task Files_of_a_deleted_channel_leave_no_byte()
    {
        await using var host = await FileHost.StartAsync();
        await host.Messaging.Channels.EnsureAsync("room", cancellationToken: Cancel);
        var taken = await host.UploadAsync("ann", [1], "room");
        await host.BegunAsync("ann", 4, "room");
        await host.UploadAsync("ann", [1], "room");
        await host.Messaging.Messages.SendAsync("room", WithFile(taken), "ann", Cancel);
        await host.Messaging.Channels.DeleteAsync("room", Cancel);
        (await host.GetAsync("ann", taken)).Should().Be(404);
        await host.Messaging.Channels.EnsureAsync("room", cancellationToken: Cancel);
        (await host.GetAsync("ann", taken)).Should().Be(404, "another channel has the name");
        await host.SweepAsync();
        host.Files().Should().BeEmpty();
    }

    [Fact]
    public async Task A_sweep_of_a_new_process_finds_what_the_old_one_left()
    {
        var store = new InMemoryStore();
        var folder = Directory.CreateTempSubdirectory("realtimekit-files-").FullName;
        string file;
        await using (var host = await FileHost.StartAsync(store: store, folder: folder))
        {
            file = await host.UploadAsync("ann", [1]);
            // The process ends between the decision and the removal.
            await store.ApplyAsync(new DiscardFile(file, host.Time.GetUtcNow()), Cancel);
        }

        Directory.EnumerateFiles(folder, file, SearchOption.AllDirectories).Should().ContainSingle();
        await using (var host = await FileHost.StartAsync(store: store, folder: folder))
        {
            await host.SweepAsync();
            host.Files().Should().BeEmpty();
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_upload_that_ended_before_it_was_finished_is_finished_later()
    {
        var store = new InMemoryStore();
        await using var host = await FileHost.StartAsync(store: store);
        var id = await host.BegunAsync("ann", 3);
        // All bytes are there, and once the file is complete, too: a process that ended at either moment left it so.
        var files = new FolderFileStore(host.Folder);
        await using (var append = await files.AppendAsync(id, 0, 3, tentative: false, Cancel))
        {
            await append.WriteAsync(new byte[] { 1, 2, 3 }, Cancel);
            await append.CommitAsync(Cancel);
        }

        (await host.GetAsync("ann", id)).Should().Be(404);
        await files.CompleteAsync(id, Cancel);
        (await host.PatchAsync("ann", id, 3, [])).Should().Be(204);
        (await host.GetAsync("ann", id)).Should().Be(200);
    }

    [Fact]
    public async Task Quotas_types_and_room_are_held_to()
    {
        await using var host = await FileHost.StartAsync(options =>
        {
            (options.FilesPerUserAndDay, options.BytesPerUserAndDay, options.MaxFileBytes) = (3, 100, 60);
            options.AllowedTypes.Add("image/*");
            options.AllowedTypes.Add("text/plain");
        });
        await RefusedAsync(413, 61);
        await RefusedAsync(415, 1, "application/x-msdownload");
        await RefusedAsync(201, 60);
        await RefusedAsync(429, 41);
        await RefusedAsync(201, 40);
        var id = await host.BegunAsync("ann", 0);
        await host.SendAsync("DELETE", id, "ann", null, ("Tus-Resumable", "1.0.0"));
        await RefusedAsync(429, 0);
        host.Time.Advance(TimeSpan.FromHours(24));
        await host.SweepAsync();
        await RefusedAsync(201, 60);

        // What it is decides, not what it is said to be: nothing is kept of it.
        var page = await host.BegunAsync("bob", 6);
        (await host.PatchAsync("bob", page, 0, "<html>"u8.ToArray())).Should().Be(422);
        (await host.GetAsync("bob", page)).Should().Be(404);
        Names(host).Should().NotContain(page);

        await using var full = await FileHost.StartAsync(options => options.MinFreeBytes = long.MaxValue / 2);
        using var begun = await full.BeginAsync("ann", 1);
        ((int)begun.StatusCode).Should().Be(507);

        async Task RefusedAsync(int status, long length, string type = "text/plain")
        {
            using var answer = await host.BeginAsync("ann", length, type);
            ((int)answer.StatusCode).Should().Be(status);
        }
    }

    [Fact]
    public async Task An_inspector_decides_before_a_message_may_take_the_file()
    {
        var inspector = new Inspector();
        await using var host = await FileHost.StartAsync(inspector: inspector);
        var bad = await host.BegunAsync("ann", 5);
        (await host.PatchAsync("ann", bad, 0, "virus"u8.ToArray())).Should().Be(422);
        (await host.GetAsync("ann", bad)).Should().Be(404);
        host.Files().Should().BeEmpty();

        var good = await host.BegunAsync("ann", 4);
        inspector.Hold = new TaskCompletionSource();
        var sending = host.PatchAsync("ann", good, 0, "good"u8.ToArray());
        await inspector.Asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        var send = () => host.Messaging.Messages.SendAsync("lobby", WithFile(good), "ann", Cancel);
        await send.Should().ThrowAsync<MessageFileException>();
        inspector.Hold.SetResult();
        (await sending).Should().Be(204);
        (await send()).Sequence.Should().Be(1);
    }

    [Fact]
    public async Task The_hosts_own_code_uploads_reads_and_deletes()
    {
        await using var host = await FileHost.StartAsync();
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("%PDF-1.7 bill"));
        var file = await host.Messaging.Files.UploadAsync("lobby", "../bill.pdf", content, cancellationToken: Cancel);
        (file.Name, file.Type, file.Size, file.Owner).Should().Be(("bill.pdf", "application/pdf", 13, "system"));
        var sent = await host.Messaging.Messages.SendAsync("lobby", WithFile(file.Id), cancellationToken: Cancel);
        (await host.GetAsync("bob", file.Id)).Should().Be(200);
        var page = await host.Messaging.Messages.ReadHistoryAsync("lobby", cancellationToken: Cancel);
        page.Messages[0].Content.Attachments!.ToString().Should().Be($$"""[{"file":"{{file.Id}}","name":"bill.pdf","type":"application/pdf","size":13}]""");
        await using (var bytes = await host.Messaging.Files.OpenAsync(file.Id, Cancel)) bytes!.Length.Should().Be(13);
        (await host.Messaging.Files.DeleteAsync(file.Id, Cancel)).Should().BeTrue();
        (await host.Messaging.Files.DeleteAsync(file.Id, Cancel)).Should().BeFalse();
        (await host.Messaging.Files.OpenAsync(file.Id, Cancel)).Should().BeNull();
        (await host.GetAsync("bob", file.Id)).Should().Be(404);
        sent.Sequence.Should().Be(1);
        host.Files().Should().BeEmpty();

        var nowhere = () => host.Messaging.Files.UploadAsync("nowhere", "a", content, cancellationToken: Cancel);
        await nowhere.Should().ThrowAsync<ChannelNotFoundException>();
        await using var small = await FileHost.StartAsync(options => options.MaxFileBytes = 3);
        content.Position = 0;
        var large = () => small.Messaging.Files.UploadAsync("lobby", "a", content, cancellationToken: Cancel);
        await large.Should().ThrowAsync<FileRefusedException>();
        small.Files().Should().BeEmpty();
    }

    [Fact]
    public async Task Options_that_are_out_of_range_stop_the_start()
    {
        var start = () => FileHost.StartAsync(options =>
        {
            options.MaxFileBytes = 0;
            options.AllowedTypes.Add("png");
        });
        (await start.Should().ThrowAsync<Microsoft.Extensions.Options.OptionsValidationException>()).Which.Failures.Should().HaveCount(2);
    }

    [Fact]
    public async Task An_upload_goes_on_at_another_node_that_shares_the_folder()
    {
        var store = new InMemoryStore();
        await using var one = await FileHost.StartAsync(store: store);
        await using var two = await FileHost.StartAsync(store: store, folder: one.Folder);
        var id = await one.BegunAsync("ann", 4);
        (await two.PatchAsync("ann", id, 0, [1, 2])).Should().Be(204);
        (await one.PatchAsync("ann", id, 2, [3, 4])).Should().Be(204);
        (await two.GetAsync("ann", id)).Should().Be(200);
    }

    private static IEnumerable<string> Names(FileHost host) => host.Files().Select(file => Path.GetFileName(file)!);

    private static OutgoingMessage WithFile(string id) => new() { Attachments = JsonValue.Parse($$"""[{"file":"{{id}}"}]""") };

    private sealed class Inspector : IFileInspector
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource? Hold { get; set; }

        public async ValueTask InspectAsync(StoredFile file, Stream content, CancellationToken cancellationToken)
        {
            using var reader = new StreamReader(content, leaveOpen: true);
            if (await reader.ReadToEndAsync(cancellationToken) == "virus") throw new FileRefusedException("It has a virus.");
            Asked.TrySetResult();
            if (Hold is { } hold) await hold.Task.WaitAsync(cancellationToken);
        }
    }
}
