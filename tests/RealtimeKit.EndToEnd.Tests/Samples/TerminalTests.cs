using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>The Terminal sample as a program of its own, against the QuickStart.</summary>
public sealed partial class TerminalTests
{
    private const string Escape = "\u001b";

    [Fact]
    public async Task It_shows_its_state_counts_what_is_unsent_and_sends_it_once_when_the_server_is_back()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        await using var terminal = Terminal.Start(Program, "ann", server.Address.ToString(), "lobby");
        await terminal.UntilAsync("-- connecting");
        await terminal.UntilAsync("-- online");
        await terminal.WriteAsync("hello");
        await terminal.UntilAsync("ann: hello");

        await server.KillAsync();
        await terminal.UntilAsync("-- offline");
        await terminal.WriteAsync("one");
        await terminal.WriteAsync("two");
        await terminal.UntilAsync("-- offline, 2 unsent");
        await server.StartAsync();
        await terminal.UntilAsync("ann: two");
        await terminal.UntilLastAsync("-- online");

        (await HistoryAsync(server)).Should().Equal("hello", "one", "two");
        await terminal.WriteAsync("/quit");
        (await terminal.EndAsync()).Should().Be(0);
    }

    [Fact]
    public async Task What_others_write_is_text_and_no_command_to_the_terminal()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        await using var bob = await RawClient.OpenAsync(server.Endpoint, await server.SignInAsync("bob"));
        await bob.ConnectAsync();
        var id = Guid.CreateVersion7();
        await bob.RequestAsync("publish", new { channel = "lobby", message = new { id, text = $"{Escape}[2J[red]hi[/]\n[12:00] ann: forged\a" } });
        await using var terminal = Terminal.Start(Program, "ann", server.Address.ToString(), "lobby");
        await terminal.UntilAsync("bob: \uFFFD[2J[red]hi[/] ⏎ [12:00] ann: forged\uFFFD");
        terminal.Output.Should().NotContain(Escape);
    }

    [Fact]
    public async Task On_leaving_it_says_what_was_not_sent()
    {
        await using var terminal = Terminal.Start(Program, "ann", "http://127.0.0.1:9", "lobby");
        await terminal.UntilAsync("-- offline");
        await terminal.WriteAsync("nobody hears this");
        await terminal.UntilAsync("1 unsent");
        await terminal.WriteAsync("/quit");
        (await terminal.EndAsync()).Should().Be(1);
        terminal.Output.Should().EndWith("1 not sent:\n  nobody hears this\n");
    }

    [Fact]
    public async Task On_a_screen_it_shows_the_messages_and_the_state_and_takes_keys()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        // A terminal of its own, as a person has.
        await using var terminal = Terminal.Start("script", "-qfec", $"stty cols 90 rows 24; exec dotnet {Program[^1]} ann {server.Address} lobby", "/dev/null");
        await terminal.UntilAsync("#lobby as ann");
        await terminal.UntilAsync("● online");
        await terminal.TypeAsync("hello [red]bob[/]x\u007f\r");
        await terminal.UntilAsync("ann: hello [red]bob[/]");
        await terminal.UntilLastAsync("● online ");
        await server.KillAsync();
        await terminal.UntilAsync("● offline");
        await terminal.TypeAsync("later\r");
        await terminal.UntilAsync("● offline, 1 unsent");
        await server.StartAsync();
        await terminal.UntilLastAsync("● online ");
        (await HistoryAsync(server)).Should().Equal("hello [red]bob[/]", "later");
        await terminal.TypeAsync(Escape);
        (await terminal.EndAsync()).Should().Be(0);
    }

    private static async Task<IEnumerable<string>> HistoryAsync(QuickStartProcess server)
    {
        await using var bob = await RawClient.OpenAsync(server.Endpoint, await server.SignInAsync("bob"));
        await bob.ConnectAsync();
        var history = (await bob.RequestAsync("history", new { channel = "lobby" })).ShouldBe("history");
        return history.Items("messages").Select(message => message.Text("text"));
    }

    private static string[] Program => ["dotnet", SampleProgram.Locate("Terminal", "REALTIMEKIT_TERMINAL")];

    [GeneratedRegex(Escape + @"\[[0-9;]*m")]
    private static partial Regex Colours();

    private sealed class Terminal : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

        private readonly Process _process;
        private readonly StringBuilder _output = new();
        private readonly Task _reading;
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private Terminal(Process process)
        {
            _process = process;
            _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        }

        public string Output
        {
            get
            {
                lock (_output) return _output.ToString();
            }
        }

        public static Terminal Start(string[] program, params IEnumerable<string> arguments) => Start(program[0], [.. program[1..], .. arguments]);

        public static Terminal Start(string program, params IEnumerable<string> arguments)
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(false), StandardOutputEncoding = Encoding.UTF8,
            };
            start.Environment["TERM"] = "xterm-256color";
            start.Environment["LANG"] = "C.UTF-8";
            return new Terminal(Process.Start(start)!);
        }

        public Task WriteAsync(string line) => TypeAsync(line + "\n");

        public async Task TypeAsync(string keys)
        {
            await _process.StandardInput.WriteAsync(keys);
            await _process.StandardInput.FlushAsync();
        }

        /// <summary>Waits until it has written this.</summary>
        public Task UntilAsync(string text) => UntilAsync(output => output.Contains(text, StringComparison.Ordinal), text);

        /// <summary>Waits until this is the last that it has written of its state.</summary>
        public Task UntilLastAsync(string state)
        {
            var mark = state[..2];
            return UntilAsync(output => output.LastIndexOf(mark, StringComparison.Ordinal) is >= 0 and var last && last == output.LastIndexOf(state, StringComparison.Ordinal), state);
        }

        public async Task<int> EndAsync()
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
            await _reading;
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            await _reading;
            _process.Dispose();
        }

        private async Task UntilAsync(Func<string, bool> holds, string text)
        {
            using var deadline = new CancellationTokenSource(Patience);
            while (true)
            {
                Task more;
                lock (_output)
                {
                    // Where colours begin and end is up to the terminal that it believes to have.
                    if (holds(Colours().Replace(_output.ToString(), ""))) return;
                    more = _more.Task;
                }

                try
                {
                    await more.WaitAsync(deadline.Token);
                }
                catch (OperationCanceledException)
                {
                    throw new TimeoutException($"It did not write '{text}', but:\n{Output}");
                }
            }
        }

        private async Task ReadAsync(StreamReader from)
        {
            var buffer = new char[4_096];
            int count;
            while ((count = await from.ReadAsync(buffer)) > 0)
            {
                lock (_output)
                {
                    _output.Append(buffer, 0, count);
                    var more = _more;
                    _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    more.SetResult();
                }
            }
        }
    }
}
