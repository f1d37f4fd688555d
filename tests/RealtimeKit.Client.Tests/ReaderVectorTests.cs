using System.Text;
using System.Text.Json;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>The vectors of the protocol for whoever reads <c>changes</c>.</summary>
public sealed class ReaderVectorTests
{
    private static readonly Dictionary<string, JsonElement> Vectors =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "protocol-vectors.json"))).RootElement
            .GetProperty("readers").EnumerateArray().ToDictionary(vector => vector.GetProperty("name").GetString()!);

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Changes_are_new_or_not_as_the_protocol_says(string name)
    {
        var vector = Vectors[name];
        var (fold, told) = (new ChannelFold(heldLimit: 100), new List<ChannelUpdate>());
        fold.Begin(Cursor(vector.GetProperty("knows")));
        foreach (var frame in vector.GetProperty("frames").EnumerateArray())
            fold.Apply((ChangesFrame)ServerFrameReader.Read(Encoding.UTF8.GetBytes(frame.GetRawText())), told).Should().Be(FoldOutcome.Applied);
        var posted = told.OfType<MessagePosted>().Select(update => update.Message.Sequence).ToList();
        posted.Should().Equal(Sequences(vector, "new"));
        // This one reports a new message once it is whole, or anew where it had reported it.
        told.OfType<MessageUpdated>().Select(update => update.Message.Sequence).Should().BeSubsetOf(Sequences(vector, "changed"));
        Sequences(vector, "changed").Except(posted).Should().BeSubsetOf(told.OfType<MessageUpdated>().Select(update => update.Message.Sequence));
        fold.Cursor.Should().Be(Cursor(vector.GetProperty("position")));
    }

    private static ChannelCursor Cursor(JsonElement json) =>
        new("e", json.GetProperty("version").GetInt64(), json.GetProperty("sequence").GetInt64());

    private static IEnumerable<long> Sequences(JsonElement vector, string name) => vector.GetProperty(name).EnumerateArray().Select(item => item.GetInt64());
}
