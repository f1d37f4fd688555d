using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Brokers;
using RealtimeKit.Tests.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The names that identity providers give to users, from the sign-in to the last notice, on two nodes and each store.</summary>
public sealed class UserNameTests(SharedRabbitMq rabbit)
{
    private static readonly string[] Names =
    [
        "auth0|5f7c8ec7c33c6c004bbafe82", "google-oauth2|103547991597142817347", "ann+tag@example.com", @"CORP\ann", "c2FtbHxhbm4/bGVlKw==",
        "CN=Ann Lee,O=x", "CN=Ann  Lee, O=x", "https://steamcommunity.com/openid/id/76561198000000000", "@ann:matrix.example",
        "a", "A", "!", "~", "'", "\"ann\"", @"\", "[\"a\",\"b\"]", "{0}", "%41", "a'; --", "a b", "a:b", new('~', 128),
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Memory() => await RunAsync(Both(new InMemoryStore(), new InMemoryBrokerNetwork()));

    [Fact]
    public async Task Sqlite()
    {
        using var database = new TemporaryDatabase();
        var network = new InMemoryBrokerNetwork();
        await RunAsync(builder => builder.UseSqliteStore(database.ConnectionString).UseInMemoryBroker(network));
    }

    [Fact]
    public async Task PostgreSql_and_RabbitMq()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        var uri = (await rabbit.UriAsync()).ToString();
        await RunAsync(builder => builder
            .UsePostgreSqlStore(schema.ConnectionString, options => options.Schema = schema.Name)
            .UseRabbitMqBroker(uri, options => options.Exchange = schema.Name));
        await rabbit.DeleteExchangeAsync(schema.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ann")]
    [InlineData("ann ")]
    [InlineData(" ")]
    [InlineData("ann\tlee")]
    [InlineData("ann\nlee")]
    [InlineData("ann\u007f")]
    [InlineData("Ännchen")]
    [InlineData("ann\u2028lee")]
    [InlineData("system")]
    public async Task Other_names_are_refused_and_logged_in_one_line(string name)
    {
        await using var node = await TestNode.StartAsync();
        await using var client = new TestClient(node.Transport.Connect(name));
        var reply = await client.RequestAsync("""{"type":"connect","id":1}""", 1);
        reply.GetProperty("code").GetString().Should().Be(ErrorCodes.Unauthenticated);
        var text = node.Log.Entries.Should().ContainSingle().Which.Text.Trim();
        text.Should().Contain("printable ASCII");
        text.Should().MatchRegex("^[ -~]*$", "a name must not begin a line of the log, or hide one");
    }

    [Fact]
    public async Task Names_that_are_too_long_are_refused_and_cut_in_the_log()
    {
        await using var node = await TestNode.StartAsync();
        await using var client = new TestClient(node.Transport.Connect(new string('x', 100_000)));
        (await client.RequestAsync("""{"type":"connect","id":1}""", 1)).GetProperty("code").GetString().Should().Be(ErrorCodes.Unauthenticated);
        node.Log.Entries.Should().ContainSingle().Which.Text.Length.Should().BeLessThan(1_000);
    }

    [Fact]
    public async Task Requests_take_no_other_names()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        foreach (var name in new[] { "", " bob", "bob ", "b\u0009b", "b\u00f6b", new string('b', 129) })
        {
            var json = JsonSerializer.Serialize(name);
            string[] requests =
            [
                $$$"""{"type":"publish","id":2,"channel":"a","message":{"id":"{{{Guid.NewGuid()}}}","text":"x","mentions":[{{{json}}}]}}""",
                $$"""{"type":"create","id":2,"kind":"direct","members":[{{json}}]}""",
                $$"""{"type":"members","id":2,"channel":"a","after":{{json}}}""",
            ];
            foreach (var request in requests)
                (await ann.RequestAsync(request, 2)).GetProperty("code").GetString().Should().Be(ErrorCodes.Invalid, "of {0}", request);
            var messaging = node.Messaging;
            await messaging.Invoking(one => one.Members.AddAsync("a", name, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
            await messaging.Invoking(one => one.Messages.SendAsync("a", new OutgoingMessage { Text = "x" }, name, Cancel)).Should().ThrowAsync<ArgumentException>();
            await messaging.Invoking(one => one.Messages.SendAsync("a", new OutgoingMessage { Text = "x", Mentions = [name] }, cancellationToken: Cancel))
                .Should().ThrowAsync<ArgumentException>();
        }
    }

    [Fact]
    public async Task The_system_user_may_have_such_a_name()
    {
        await using var node = await TestNode.StartAsync(configure: options => options.SystemUser = "urn:app/Order Desk");
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        await node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = "x" }, cancellationToken: Cancel);
        (await ann.WaitForAsync("event")).GetProperty("message").GetProperty("sender").GetString().Should().Be("urn:app/Order Desk");
    }

    private static Action<RealtimeMessagingBuilder> Both(InMemoryStore store, InMemoryBrokerNetwork network) =>
        builder => builder.UseInMemoryStore(store).UseInMemoryBroker(network);

    private static async Task RunAsync(Action<RealtimeMessagingBuilder> build)
    {
        await using var here = await TestNode.StartAsync(build);
        await using var there = await TestNode.StartAsync(build);
        var people = new List<TestClient>();
        try
        {
            for (var i = 0; i < Names.Length; i++) people.Add(await ConnectAsync(i % 2 == 0 ? here : there, Names[i]));
            await PrivateChannelAsync(here, people);
            await DirectChannelsAsync(people);
            await HostAsync(here, there, people);
        }
        finally
        {
            foreach (var client in people) await client.DisposeAsync();
        }
    }

    private static async Task<TestClient> ConnectAsync(TestNode node, string name)
    {
        var client = new TestClient(node.Transport.Connect(name));
        (await client.RequestAsync("""{"type":"connect","id":1}""", 1)).GetProperty("user").GetString().Should().Be(name);
        return client;
    }

    private static async Task PrivateChannelAsync(TestNode here, List<TestClient> people)
    {
        await here.Messaging.Channels.EnsureAsync("room", ChannelKind.Private, cancellationToken: Cancel);
        foreach (var name in Names) (await here.Messaging.Members.AddAsync("room", name, cancellationToken: Cancel)).Should().BeTrue();
        foreach (var client in people)
            (await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"room"}""", 2)).GetProperty("type").GetString().Should().Be("subscribed");

        var mentions = JsonSerializer.Serialize(Names);
        for (var i = 0; i < people.Count; i++)
        {
            var message = $$$"""{"type":"publish","id":3,"channel":"room","message":{"id":"{{{Guid.NewGuid()}}}","text":"{{{i}}}","mentions":{{{mentions}}}}}""";
            (await people[i].RequestAsync(message, 3)).GetProperty("type").GetString().Should().Be("published");
            (await people[i].RequestAsync($$"""{"type":"react","id":4,"channel":"room","sequence":1,"reaction":"+"}""", 4)).GetProperty("type").GetString().Should().Be("ok");
            await people[i].SendAsync("""{"type":"signal","channel":"room","name":"typing"}""");
            foreach (var reader in people)
            {
                var posted = (await reader.WaitAsync(frame => Is(frame, "event", "posted"), "posted")).GetProperty("message");
                posted.GetProperty("sender").GetString().Should().Be(Names[i]);
                Strings(posted.GetProperty("mentions")).Should().Equal(Names);
                (await reader.WaitAsync(frame => Is(frame, "event", "reacted"), "reacted")).GetProperty("user").GetString().Should().Be(Names[i]);
                if (reader != people[i])
                    (await reader.WaitAsync(frame => IsSignal(frame, "typing"), "typing")).GetProperty("user").GetString().Should().Be(Names[i]);
            }
        }

        var ordered = Names.Order(StringComparer.Ordinal).ToArray();
        foreach (var client in people.Take(2))
        {
            (await PresentAsync(client)).Should().Equal(ordered);
            (await MembersAsync(client)).Should().Equal(ordered);
            var page = await client.RequestAsync("""{"type":"history","id":6,"channel":"room","limit":200}""", 6);
            page.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("sender").GetString()).Should().Equal(Names);
            page.GetProperty("messages").EnumerateArray().Should().OnlyContain(message => Strings(message.GetProperty("mentions")).SequenceEqual(Names));
        }

        var listed = (await people[0].RequestAsync("""{"type":"channels","id":7}""", 7)).GetProperty("channels")[0];
        listed.GetProperty("mentions").GetInt64().Should().Be(Names.Length - 1);
    }

    // Nodes learn of each other's users a moment later.
    private static async Task<List<string>> PresentAsync(TestClient client)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var reply = await client.RequestAsync("""{"type":"presence","id":5,"channel":"room"}""", 5);
            var users = reply.GetProperty("users").EnumerateArray().Select(User).ToList();
            if (users.Count >= Names.Length || deadline.IsCancellationRequested) return users;
        }
    }

    private static async Task<List<string>> MembersAsync(TestClient client)
    {
        var members = new List<string>();
        JsonElement page;
        do
        {
            var after = members.Count == 0 ? "null" : JsonSerializer.Serialize(members[^1]);
            page = await client.RequestAsync($$"""{"type":"members","id":5,"channel":"room","limit":4,"after":{{after}}}""", 5);
            members.AddRange(page.GetProperty("members").EnumerateArray().Select(User));
        }
        while (page.GetProperty("more").GetBoolean());
        return members;
    }

    private static async Task DirectChannelsAsync(List<TestClient> people)
    {
        var channels = new HashSet<string>();
        for (var i = 0; i < people.Count; i++)
        {
            var (next, other) = ((i + 1) % people.Count, Names[(i + 1) % people.Count]);
            var made = await CreateAsync(people[i], other);
            (await CreateAsync(people[next], Names[i])).Should().Be(made);
            channels.Add(made).Should().BeTrue("{0} and {1} are another pair", Names[i], other);
            await people[next].RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{made}}"}""", 2);
            await people[i].SendAsync(PublishOrderTests.Publish(3, made, Guid.NewGuid(), "psst"));
            (await people[next].WaitAsync(frame => Is(frame, "event", "posted"), "posted")).GetProperty("message").GetProperty("sender").GetString().Should().Be(Names[i]);
            await people[i].RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{made}}"}""", 2);
            await people[next].RequestAsync($$"""{"type":"read","id":4,"channel":"{{made}}","sequence":1}""", 4);
            (await people[i].WaitAsync(frame => IsSignal(frame, "read"), "read")).GetProperty("user").GetString().Should().Be(other);
        }
    }

    private static async Task<string> CreateAsync(TestClient client, string other)
    {
        var reply = await client.RequestAsync($$"""{"type":"create","id":2,"kind":"direct","members":[{{JsonSerializer.Serialize(other)}}]}""", 2);
        return reply.GetProperty("channel").GetString()!;
    }

    private static async Task HostAsync(TestNode here, TestNode there, List<TestClient> people)
    {
        for (var i = 0; i < people.Count; i++)
        {
            (await there.Messaging.Users.GetConnectionCountAsync(Names[i], Cancel)).Should().Be(1);
            (await there.Messaging.Members.RemoveAsync("room", Names[i], cancellationToken: Cancel)).Should().BeTrue();
            (await people[i].WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");
            (await here.Messaging.Users.DisconnectAsync(Names[i], "test", Cancel)).Should().Be(1);
            (await people[i].ClosedAsync()).Should().Be(CloseCode.Disconnected);
        }
    }

    private static bool Is(JsonElement frame, string type, string kind) =>
        frame.GetProperty("type").GetString() == type && frame.GetProperty("kind").GetString() == kind;

    private static bool IsSignal(JsonElement frame, string name) =>
        frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == name;

    private static string User(JsonElement element) => element.GetProperty("user").GetString()!;

    private static IEnumerable<string> Strings(JsonElement list) => list.EnumerateArray().Select(one => one.GetString()!);
}
