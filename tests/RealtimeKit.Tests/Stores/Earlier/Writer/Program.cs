using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Stores.Earlier;

// Writes the same contents to a store of the version that it is built against, and describes them: see make.sh.
// Arguments: "sqlite" or "postgresql", a connection string, and the file for the description.
var services = new ServiceCollection();
services.AddLogging();
services.AddSingleton(TimeProvider.System);
var messaging = services.AddRealtimeMessaging();
if (args[0] == "sqlite") messaging.UseSqliteStore(args[1]);
else messaging.UsePostgreSqlStore(args[1], options => options.Schema = "earlier");
await using var provider = services.BuildServiceProvider();
var messages = provider.GetRequiredService<IMessageStore>();
var channels = provider.GetRequiredService<IChannelStore>();

var random = new Random(13);
var time = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);
var users = EarlierContents.Users;
await CreateAsync("lobby", ChannelKind.Public, "Lobby of the House", "ann", ["bob", "cat"]);
await CreateAsync("news", ChannelKind.Public, null, null, []);
await CreateAsync("staff", ChannelKind.Private, "Café Staff", "bob", ["ann", "dan"]);
await CreateAsync("gone", ChannelKind.Public, "Gone", "ann", ["bob"]);
await CreateAsync("empty", ChannelKind.Private, null, "cat", ["ann"]);
var direct = await CreateAsync("direct", ChannelKind.Direct, null, "ann", ["bob"]);
await FillAsync("lobby", 1_200);
await FillAsync("news", 100);
await FillAsync("staff", 300);
await FillAsync("gone", 50);
await FillAsync(direct, 60);
await channels.ApplyAsync(new JoinChange("lobby", "dan"), default);
await channels.ApplyAsync(new RoleChange("lobby", "bob", ChannelRole.Moderator), default);
await channels.ApplyAsync(new LeaveChange("lobby", "cat"), default);
await channels.ApplyAsync(new RemoveChange("staff", "dan"), default);
await channels.ApplyAsync(new JoinChange("news", "cat"), default);
await channels.MoveReadMarkAsync("lobby", "ann", 1_090, default);
await channels.MoveReadMarkAsync("lobby", "bob", 10, default);
await channels.MoveReadMarkAsync("staff", "ann", 300, default);
await channels.MoveReadMarkAsync("news", "cat", 7, default);
await channels.DeleteAsync("gone", default);
await File.WriteAllLinesAsync(args[2], await EarlierContents.DescribeAsync(messages, channels, view => view.Name, default));
// What a deleted channel leaves is removed in the background; some of it may be left to the next version.
return;

async Task<string> CreateAsync(string name, ChannelKind kind, string? title, string? owner, IReadOnlyList<string> members) =>
    (await channels.CreateAsync(new NewChannel(name, kind, title, owner, members, Next()), default)).Channel;

DateTimeOffset Next() => time = time.AddMilliseconds(random.Next(1, 40_000));

MessageId Id()
{
    var bytes = new byte[16];
    random.NextBytes(bytes);
    return new MessageId(new Guid(bytes, bigEndian: true));
}

async Task FillAsync(string channel, int posts)
{
    const int batch = 20;
    for (var done = 0; done < posts; done += batch)
    {
        List<MessageChange> changes = [.. Enumerable.Range(done, batch).Select(n => Post(channel, n))];
        for (var i = 0; i < 6 && done > 0; i++) changes.Add(Change(channel, random.Next(1, done)));
        await messages.AppendAsync(changes, default);
    }
}

MessageChange Post(string channel, int number)
{
    var sender = users[random.Next(users.Count)];
    string[]? mentions = random.Next(4) == 0 ? [.. users.Where(user => user != sender && random.Next(2) == 0)] : null;
    var content = new MessageContent(
        random.Next(30) == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"word{number} {channel} naïve 東京都 {new string('x', random.Next(40))}"),
        Json(random.Next(8) == 0 ? "{\"kind\":\"note\",\"n\":1}" : null), Json(random.Next(12) == 0 ? "[{\"url\":\"/a.png\"}]" : null), mentions is { Length: > 0 } ? mentions : null);
    if (content is { Text: null, Attachments: null }) content = content with { Text = "instead" };
    long? replyTo = number > 0 && random.Next(6) == 0 ? random.Next(1, number + 1) : null;
    return new PostChange(channel, Next(), Id(), sender, content, replyTo, SHA256.HashData(Encoding.UTF8.GetBytes($"{channel} {number}")).AsMemory(0, 16));
}

MessageChange Change(string channel, long sequence) => random.Next(10) switch
{
    < 3 => new EditChange(channel, Next(), sequence, new ContentEdit(
        Text: new(true, string.Create(CultureInfo.InvariantCulture, $"edited{sequence} {channel}")), Mentions: random.Next(3) == 0 ? new(true, ["ann"]) : default)),
    3 => new DeleteChange(channel, Next(), sequence),
    _ => new ReactChange(channel, Next(), sequence, users[random.Next(users.Count)], random.Next(2) == 0 ? "👍" : "heart", random.Next(4) == 0),
};

static JsonValue? Json(string? json) => json is null ? null : JsonValue.Parse(json);
