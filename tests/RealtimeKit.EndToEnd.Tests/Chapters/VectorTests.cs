using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>The published test vectors, run against the server.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class VectorTests(QuickStartProcess server) : ProtocolTest(server)
{
    private static readonly string[] Unasked = ["ping", "member", "signal"];

    public static TheoryData<string> Names => [.. Vectors.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_server_answers_as_the_vector_says(string name)
    {
        var vector = Vectors.All[name];
        var user = NewName("user");
        var start = vector.Has("start") ? vector.Text("start") : "connected";
        var names = new Dictionary<string, string> { ["user"] = user, ["none"] = NewName("none") };
        for (var n = 1; n <= 5; n++) names[$"id{n}"] = NewId();
        if (vector.Has("needs")) names["channel"] = await CreateAsync(await ConnectAsync(user));

        var client = start == "anonymous" ? await OpenAnonymousAsync() : await OpenAsync(user);
        if (start == "connected") await client.ConnectAsync();
        var vectors = new Vectors(names);
        var closed = false;
        foreach (var step in vector.Items("steps"))
        {
            await client.SendAsync(vectors.Message(step));
            foreach (var expected in step.Items("expect"))
                await client.WaitForAsync(frame => vectors.Matches(expected, frame), null, $"{name}: {expected.Brief()}");
            if (!step.Has("close")) continue;
            closed = true;
            (await client.WaitForCloseAsync()).Should().Be((int)step.Number("close"));
        }

        if (!closed) await PassAsync(client);
        client.Inbox.Where(frame => !MayCome(frame, closed)).Select(frame => frame.Brief()).Should().BeEmpty("nothing else was to come");
    }

    private static bool MayCome(System.Text.Json.JsonElement frame, bool closed) =>
        Unasked.Contains(frame.Text("type")) || (closed && frame.IsType("error") && !frame.Has("id"));
}
