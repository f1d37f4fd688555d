using RealtimeKit.Protocol;
using RealtimeKit.Samples;
using Spectre.Console;

const string usage = "Terminal [NAME [SERVER [CHANNEL]]], such as: Terminal ann http://localhost:5000 lobby";

var name = args.ElementAtOrDefault(0) ?? Environment.UserName;
var address = args.ElementAtOrDefault(1) ?? "http://localhost:5000";
var channel = args.ElementAtOrDefault(2) ?? "lobby";
if (!UserNames.IsValid(name) || !Identifiers.IsValid(channel)
    || !Uri.TryCreate(address, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
{
    Console.Error.WriteLine(usage);
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    // Not at once: the screen is put back first, and what was not sent is told.
    press.Cancel = true;
    stop.Cancel();
};

await using var conversation = new Conversation(server, name, channel);
var view = Console.IsInputRedirected || Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Ansi
    ? new PlainView(conversation).RunAsync(stop.Token)
    : new ScreenView(conversation).RunAsync(stop.Token);
await view;

var unsent = conversation.Look().Unsent;
if (unsent.Count == 0) return 0;
Console.WriteLine($"{unsent.Count} not sent:");
foreach (var text in unsent) Console.WriteLine($"  {text}");
return 1;
