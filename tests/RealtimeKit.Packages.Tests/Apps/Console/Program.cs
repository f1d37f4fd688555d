// Console ADDRESS NAME: sends each line of its input to the lobby and prints what everybody says there.
using RealtimeKit.Client;

await using var client = new RealtimeClient(new Uri(args[0]), new RealtimeClientOptions
{
    TokenProvider = _ => ValueTask.FromResult<string?>(args[1]),
});
await client.ConnectAsync();
var lobby = client.Channel("lobby");
await lobby.SubscribeAsync(SubscribeOptions.Recent(50));

var reading = ReadAsync();
while (await Console.In.ReadLineAsync() is { } line) await lobby.SendAsync(line);
await client.CloseAsync();
await reading;

async Task ReadAsync()
{
    await foreach (var update in lobby.ReadAsync())
    {
        if (update is MessagePosted { Message: var message }) Console.WriteLine($"{message.Sequence} {message.Sender}: {message.Text}");
    }
}
