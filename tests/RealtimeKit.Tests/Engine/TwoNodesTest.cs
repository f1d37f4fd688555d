using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Two nodes with one store and a broker between them; owner and moderators are connected to one, bob and eve to the other.</summary>
public abstract class TwoNodesTest : IAsyncLifetime
{
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly Dictionary<string, TestClient> _clients = [];
    private long _id = 10;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected InMemoryStore Store { get; } = new();

    private protected TestNode Here { get; private set; } = null!;

    private protected TestNode There { get; private set; } = null!;

    private protected IReadOnlyDictionary<string, TestClient> Clients => _clients;

    /// <summary>Who is connected to the first node.</summary>
    private protected virtual IReadOnlyList<string> UsersHere => ["own", "mod"];

    public async ValueTask InitializeAsync()
    {
        (Here, There) = (await StartAsync(), await StartAsync());
        await PrepareAsync();
        foreach (var user in UsersHere) _clients.Add(user, await Here.ConnectAsync(user));
        foreach (var user in new[] { "bob", "eve" }) _clients.Add(user, await There.ConnectAsync(user));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values) await client.DisposeAsync();
        await Here.DisposeAsync();
        await There.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the channels, before anybody connects.</summary>
    private protected abstract Task PrepareAsync();

    private protected void UseStore(RealtimeMessagingBuilder builder)
    {
        builder.Services.AddSingleton<IMessageStore>(Store);
        builder.Services.AddSingleton<IChannelStore>(Store);
    }

    private protected async Task<JsonElement> RequestAsync(string user, string frame)
    {
        var id = ++_id;
        return await Clients[user].RequestAsync($$"""{"id":{{id}},{{frame[1..]}}""", id);
    }

    /// <summary>The reply's type, or an error's code.</summary>
    private protected async Task<string> AskAsync(string user, string frame)
    {
        var reply = await RequestAsync(user, frame);
        return (reply.TryGetProperty("code", out var code) ? code : reply.GetProperty("type")).GetString()!;
    }

    // With a clock that nobody sets: bans, mutes and slow mode go by the time of day.
    private Task<TestNode> StartAsync() => TestNode.StartAsync(
        builder =>
        {
            UseStore(builder);
            builder.UseInMemoryBroker(_network);
        },
        time: new SetClock(TimeProvider.System));
}
