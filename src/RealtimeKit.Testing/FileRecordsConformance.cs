using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>The suite of a store that keeps the records of files: derive a class from it in a test project.</summary>
public abstract class FileRecordsConformance : StoreConformance
{
    private const long Day = 24 * 60 * 60 * 1_000;

    private IFileRecords Files => Assert.IsAssignableFrom<IFileRecords>(Messages);

    /// <summary>A record is found as it was added; those that are not there are left out.</summary>
    [Fact]
    public async Task RecordsAreKept()
    {
        await NewChannelAsync();
        var file = NewFile("ann") with { Name = "Ünterlagen 🎈.pdf", Size = 1L << 40 };
        Assert.Equal(AddFileOutcome.Added, await Files.AddAsync(file, null, Cancel));
        Assert.Equal([file], await Files.FindFilesAsync([file.Id, StoredFile.NewId(), file.Id], Cancel));
        Assert.Equal(AddFileOutcome.NoChannel, await Files.AddAsync(NewFile("ann") with { Channel = "nowhere" }, null, Cancel));
        await AssertAsync(file.Id, FileState.Uploading, null, Day);
    }

    /// <summary>A quota counts the owner's files and bytes since its time; of many at once no more are added than it allows.</summary>
    [Fact]
    public async Task QuotasHold()
    {
        await NewChannelAsync();
        var quota = new FileQuota(3, 100, Sample.Time(-1));
        await AddAsync(NewFile("ann") with { Created = Sample.Time(-1) });
        await AddAsync(NewFile("bob"));
        Assert.Equal(AddFileOutcome.Added, await Files.AddAsync(NewFile("ann") with { Size = 60 }, quota, Cancel));
        Assert.Equal(AddFileOutcome.OverQuota, await Files.AddAsync(NewFile("ann") with { Size = 41 }, quota, Cancel));
        Assert.Equal(AddFileOutcome.Added, await Files.AddAsync(NewFile("ann") with { Size = 40 }, quota, Cancel));
        Assert.Equal(AddFileOutcome.Added, await Files.AddAsync(NewFile("ann") with { Size = 0 }, quota, Cancel));
        Assert.Equal(AddFileOutcome.OverQuota, await Files.AddAsync(NewFile("ann") with { Size = 0 }, quota, Cancel));

        const int atOnce = 20;
        var other = Assert.IsAssignableFrom<IFileRecords>((await AnotherNodeAsync()).Messages);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, atOnce).Select(number => UntilAvailableAsync(() =>
            (number % 2 == 0 ? Files : other).AddAsync(NewFile("eve") with { Size = 1 }, quota, Cancel).AsTask())));
        Assert.Equal(3, outcomes.Count(outcome => outcome == AddFileOutcome.Added));
    }

    /// <summary>A message takes a finished file of its sender, and no other takes it then; a retry of the message is a duplicate.</summary>
    [Fact]
    public async Task AMessageTakesAFile()
    {
        var lobby = await NewChannelAsync();
        var file = await FinishedAsync("ann");
        var post = Post([file.Id]);
        Assert.Equal(AppendOutcome.Appended, (await lobby.ApplyAsync(post)).Outcome);
        await AssertAsync(file.Id, FileState.Finished, 1, null);
        Assert.Equal(AppendOutcome.Duplicate, (await lobby.ApplyAsync(post)).Outcome);
        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Post([file.Id])));
        await lobby.AssertHeadAsync(1, 1);
    }

    /// <summary>No message takes a file of another user or channel, one that is not finished, is given up, is due, or is not there.</summary>
    [Fact]
    public async Task NothingElseIsTaken()
    {
        var lobby = await NewChannelAsync();
        await NewChannelAsync("other");
        var good = await FinishedAsync("ann");
        var uploading = await AddAsync(NewFile("ann"));
        var discarded = await FinishedAsync("ann");
        await Files.ApplyAsync(new DiscardFile(discarded.Id, Sample.Time(1)), Cancel);
        StoredFile[] wrong = [await FinishedAsync("bob"), await FinishedAsync("ann", "other"), uploading, discarded, NewFile("ann")];
        foreach (var file in wrong)
        {
            ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Post([good.Id, file.Id])));
            await AssertAsync(good.Id, FileState.Finished, null, 2 * Day);
        }

        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Post(["no id at all"])));
        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Post([good.Id]) with { Time = Sample.Time(2 * Day) }));
        Assert.Equal(AppendOutcome.Appended, (await lobby.ApplyAsync(Post([good.Id]) with { Time = Sample.Time((2 * Day) - 1) })).Outcome);
        await lobby.AssertHeadAsync(1, 1);
    }

    /// <summary>Within a batch, too, the first message takes a file, and what a refused change named stays free.</summary>
    [Fact]
    public async Task OneOfABatchTakesAFile()
    {
        await NewChannelAsync();
        StoredFile one = await FinishedAsync("ann"), two = await FinishedAsync("ann");
        var first = Post([one.Id]);
        Assert.Equal("Appended NoFile Duplicate Appended Appended NoFile", string.Join(' ', (await Messages.AppendAsync(
            [first, Post([two.Id, one.Id]), first, Post([two.Id]), new DeleteChange("lobby", Sample.Time(9), 1), Post([one.Id])], Cancel)).Select(result => result.Outcome)));
        await AssertAsync(one.Id, FileState.Discarded, 1, 9);
        await AssertAsync(two.Id, FileState.Finished, 2, null);
    }

    /// <summary>An edit keeps files, takes others and discards those that it drops; these are in no message again. An edit of other parts leaves them.</summary>
    [Fact]
    public async Task AnEditTakesAndDrops()
    {
        var lobby = await NewChannelAsync();
        StoredFile kept = await FinishedAsync("ann"), dropped = await FinishedAsync("ann"), added = await FinishedAsync("ann"), others = await FinishedAsync("bob");
        await lobby.ApplyAsync(Post([kept.Id, dropped.Id]));
        await lobby.EditAsync(1, "other words");
        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Edit([kept.Id, others.Id], 5)));
        await AssertAsync(dropped.Id, FileState.Finished, 1, null);
        Assert.Equal(AppendOutcome.Appended, (await lobby.ApplyAsync(Edit([added.Id, kept.Id], 6))).Outcome);
        await AssertAsync(kept.Id, FileState.Finished, 1, null);
        await AssertAsync(added.Id, FileState.Finished, 1, null);
        await AssertAsync(dropped.Id, FileState.Discarded, 1, 6);
        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Edit([kept.Id, dropped.Id], 7)));
        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Post([dropped.Id])));
        Assert.Equal(AppendOutcome.Unchanged, (await lobby.ApplyAsync(Edit([added.Id, kept.Id], 8))).Outcome);
        await lobby.AssertHeadAsync(3, 1);
    }

    /// <summary>A deletion discards the message's files and no others.</summary>
    [Fact]
    public async Task ADeletionDiscards()
    {
        var lobby = await NewChannelAsync();
        StoredFile one = await FinishedAsync("ann"), two = await FinishedAsync("ann"), other = await FinishedAsync("ann");
        await lobby.ApplyAsync(Post([one.Id, two.Id]));
        await lobby.ApplyAsync(Post([other.Id]));
        await lobby.DeleteAsync(1, at: 7);
        await AssertAsync(one.Id, FileState.Discarded, 1, 7);
        await AssertAsync(two.Id, FileState.Discarded, 1, 7);
        await AssertAsync(other.Id, FileState.Finished, 2, null);
    }

    /// <summary>Of messages of two nodes and a discard at once exactly one has a file.</summary>
    [Fact]
    public async Task OneOfManyHasAFile()
    {
        await NewChannelAsync();
        var other = await AnotherNodeAsync();
        const int rounds = 20;
        var random = NewRandom();
        for (var round = 0; round < rounds; round++)
        {
            var file = await FinishedAsync("ann");
            Func<Task<bool>>[] calls =
            [
                .. Enumerable.Range(0, 4).Select<int, Func<Task<bool>>>(number => async () =>
                    (await (number % 2 == 0 ? Messages : other.Messages).AppendAsync([Post([file.Id])], Cancel))[0].Outcome == AppendOutcome.Appended),
                async () => (await Files.ApplyAsync(new DiscardFile(file.Id, Sample.Time(2)), Cancel)).Outcome == FileOutcome.Changed,
            ];
            random.Shuffle(calls);
            var won = await Task.WhenAll(calls.Select(call => Task.Run(() => UntilAvailableAsync(call), Cancel)));
            Assert.Equal(1, won.Count(static one => one));
        }
    }

    /// <summary>What is taken is not discarded, unless that is asked for; what is not due is not discarded where only that is wanted.</summary>
    [Fact]
    public async Task DiscardsAreDecided()
    {
        var lobby = await NewChannelAsync();
        StoredFile taken = await FinishedAsync("ann"), free = await FinishedAsync("ann");
        await lobby.ApplyAsync(Post([taken.Id]));
        Assert.Equal(FileOutcome.Taken, await ApplyAsync(new DiscardFile(taken.Id, Sample.Time(3))));
        Assert.Equal(FileOutcome.Unchanged, await ApplyAsync(new DiscardFile(taken.Id, Sample.Time(9 * Day)) { OnlyIfDue = true }));
        Assert.Equal(FileOutcome.Unchanged, await ApplyAsync(new DiscardFile(free.Id, Sample.Time((2 * Day) - 1)) { OnlyIfDue = true }));
        Assert.Equal(FileOutcome.Changed, await ApplyAsync(new DiscardFile(free.Id, Sample.Time(2 * Day)) { OnlyIfDue = true }));
        Assert.Equal(FileOutcome.Changed, await ApplyAsync(new DiscardFile(taken.Id, Sample.Time(3)) { EvenIfTaken = true }));
        Assert.Equal(FileOutcome.NoFile, await ApplyAsync(new DiscardFile(taken.Id, Sample.Time(3)) { EvenIfTaken = true }));
        Assert.Equal(FileOutcome.NoFile, await ApplyAsync(new DiscardFile(StoredFile.NewId(), Sample.Time(3))));
        Assert.Equal(FileOutcome.NoFile, await ApplyAsync(new FinishFile(taken.Id, Sample.Time(3), "a/b", Sample.Time(4))));
    }

    /// <summary>What is due is listed in the order of ids, page by page; a forgotten record stays for its day, because it counts for the quota, and then goes.</summary>
    [Fact]
    public async Task WhatIsDueIsListedAndForgotten()
    {
        await NewChannelAsync();
        var files = new List<StoredFile>();
        for (var i = 0; i < 5; i++) files.Add(await AddAsync(NewFile("ann") with { Due = Sample.Time(100 + i) }));
        string[] due = [.. files.Take(4).Select(file => file.Id).Order(StringComparer.Ordinal)];
        Assert.Equal(due[..3], (await Files.ListDueAsync(Sample.Time(103), null, 3, Cancel)).Select(file => file.Id));
        Assert.Equal(due[3..], (await Files.ListDueAsync(Sample.Time(103), due[2], 3, Cancel)).Select(file => file.Id));
        Assert.Empty(await Files.ListDueAsync(Sample.Time(99), null, 3, Cancel));

        var id = due[0];
        Assert.Equal(FileOutcome.Unchanged, await ApplyAsync(new ForgetFile(id, Sample.Time(1))));
        await ApplyAsync(new DiscardFile(id, Sample.Time(1)));
        Assert.Equal(FileOutcome.Changed, await ApplyAsync(new ForgetFile(id, Sample.Time(2))));
        await AssertAsync(id, FileState.Removed, null, Day);
        Assert.Equal(AddFileOutcome.OverQuota, await Files.AddAsync(NewFile("ann"), new FileQuota(5, long.MaxValue, Sample.Time(-1)), Cancel));
        Assert.Equal(FileOutcome.Unchanged, await ApplyAsync(new ForgetFile(id, Sample.Time(Day - 1))));
        Assert.Equal(FileOutcome.Changed, await ApplyAsync(new ForgetFile(id, Sample.Time(Day))));
        Assert.Empty(await Files.FindFilesAsync([id], Cancel));
    }

    /// <summary>A finished file has the type and the size that were found, and is finished once.</summary>
    [Fact]
    public async Task FilesAreFinished()
    {
        await NewChannelAsync();
        var file = await AddAsync(NewFile("ann"));
        Assert.Equal(FileOutcome.Changed, await ApplyAsync(new FinishFile(file.Id, Sample.Time(5), "image/png", Sample.Time(50)) { Size = 7 }));
        Assert.Equal(FileOutcome.Unchanged, await ApplyAsync(new FinishFile(file.Id, Sample.Time(6), "a/b", Sample.Time(60))));
        Assert.Equal([file with { State = FileState.Finished, Type = "image/png", Size = 7, Due = Sample.Time(50) }], await Files.FindFilesAsync([file.Id], Cancel));
        var late = await AddAsync(NewFile("ann"));
        Assert.Equal(FileOutcome.NoFile, await ApplyAsync(new FinishFile(late.Id, late.Due!.Value, "a/b", Sample.Time(9 * Day))));
    }

    /// <summary>The files of a deleted channel become due, whoever has them, and another channel of its name has none of them.</summary>
    [Fact]
    public async Task ADeletedChannelLeavesItsFilesDue()
    {
        var lobby = await NewChannelAsync();
        StoredFile taken = await FinishedAsync("ann"), free = await FinishedAsync("ann"), uploading = await AddAsync(NewFile("ann"));
        await NewChannelAsync("other");
        var others = await FinishedAsync("ann", "other");
        await lobby.ApplyAsync(Post([taken.Id]));
        Assert.True(await Channels.DeleteAsync("lobby", Cancel));
        await NewChannelAsync();
        Assert.All(await Files.FindFilesAsync([taken.Id, free.Id, uploading.Id], Cancel), file => Assert.Equal("", file.Channel));
        ChannelDriver.AssertRefused(AppendOutcome.NoFile, await lobby.ApplyAsync(Post([free.Id])));
        Assert.Equal(FileOutcome.NoFile, await ApplyAsync(new FinishFile(uploading.Id, Sample.Time(2), "a/b", Sample.Time(3))));

        string[] expected = [.. new[] { taken.Id, free.Id, uploading.Id }.Order(StringComparer.Ordinal)];
        var start = TimeProvider.System.GetTimestamp();
        while (!(await Files.ListDueAsync(Sample.Time(), null, 10, Cancel)).Select(file => file.Id).SequenceEqual(expected))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(1), "The files of a deleted channel are not due.");
            await Task.Delay(20, Cancel);
        }

        Assert.Equal(FileOutcome.Changed, await ApplyAsync(new DiscardFile(taken.Id, Sample.Time(2)) { OnlyIfDue = true }));
        await AssertAsync(others.Id, FileState.Finished, null, 2 * Day);
    }

    private static StoredFile NewFile(string owner, string channel = "lobby") =>
        new(StoredFile.NewId(), channel, owner, "a.txt", "text/plain", 10, Sample.Time()) { Due = Sample.Time(Day) };

    private static MessageContent Content(IReadOnlyList<string> files) =>
        new(Attachments: JsonValue.Parse($"[{string.Join(',', files.Select(file => $"{{\"file\":\"{file}\"}}"))}]"));

    private static PostChange Post(IReadOnlyList<string> files) => Sample.Post("lobby", Content(files), at: 1) with { Files = files };

    private static EditChange Edit(IReadOnlyList<string> files, long at) =>
        new("lobby", Sample.Time(at), 1, new ContentEdit(Attachments: new PartEdit<JsonValue>(true, Content(files).Attachments))) { Files = files };

    private async Task<StoredFile> AddAsync(StoredFile file)
    {
        Assert.Equal(AddFileOutcome.Added, await Files.AddAsync(file, null, Cancel));
        return file;
    }

    private async Task<StoredFile> FinishedAsync(string owner, string channel = "lobby")
    {
        var file = await AddAsync(NewFile(owner, channel));
        var result = await Files.ApplyAsync(new FinishFile(file.Id, Sample.Time(), "text/plain", Sample.Time(2 * Day)), Cancel);
        Assert.Equal(FileOutcome.Changed, result.Outcome);
        return result.File!;
    }

    private async Task<FileOutcome> ApplyAsync(FileChange change) => (await Files.ApplyAsync(change, Cancel)).Outcome;

    private async Task AssertAsync(string id, FileState state, long? message, long? due)
    {
        var file = Assert.Single(await Files.FindFilesAsync([id], Cancel));
        Assert.Equal((state, message, due is { } at ? Sample.Time(at) : null), (file.State, file.Message, file.Due));
    }
}
