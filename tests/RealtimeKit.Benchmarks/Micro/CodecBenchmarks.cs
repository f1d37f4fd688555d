using System.Text;
using BenchmarkDotNet.Attributes;
using RealtimeKit.Protocol;

namespace RealtimeKit.Benchmarks.Micro;

/// <summary>The codec on the way of a message: a <c>publish</c> is read once, its <c>event</c> and its reply are written once.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks : IDisposable
{
    private readonly byte[] _publish = Encoding.UTF8.GetBytes(
        $$$"""{"type":"publish","id":7,"channel":"lobby","message":{"id":"0198f0a6-3c41-7cc2-9d0f-6f1f3a2b4c5d","text":"{{{new string('x', 128)}}}"}}""");

    private readonly Message _message = new()
    {
        Id = MessageId.Parse("0198f0a6-3c41-7cc2-9d0f-6f1f3a2b4c5d"),
        Channel = "lobby",
        Sequence = 12_345,
        Version = 12_400,
        Sender = "ada",
        Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
        Content = new MessageContent(new string('x', 128)),
    };

    private readonly FrameBuffer _output = new();

    /// <summary>Finds the fields of the frame and of the message in it, and takes what a handler takes.</summary>
    [Benchmark]
    public int ReadPublish()
    {
        FrameFields.TryScan(_publish, out var frame);
        var channel = frame.Identifier(FrameField.Channel);
        var message = frame.Object(FrameField.Message);
        return !MessageId.TryParse(message.String(FrameField.Id), out _) ? 0 : channel.Length + message.RequiredString(FrameField.Text, 8_000, ErrorCodes.TooLarge).Length;
    }

    [Benchmark]
    public int WritePosted()
    {
        _output.Clear();
        ServerEvents.Event(_output, "posted"u8, _message);
        return _output.Length;
    }

    [Benchmark]
    public int WritePublished()
    {
        _output.Clear();
        ServerReplies.Published(_output, 7, "lobby", _message.Id, 12_345, 12_400, _message.Time, duplicate: false);
        return _output.Length;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _output.Dispose();
        GC.SuppressFinalize(this);
    }
}
