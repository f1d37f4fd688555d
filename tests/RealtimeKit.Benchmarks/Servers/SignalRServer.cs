using Microsoft.AspNetCore.SignalR;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>An ASP.NET Core SignalR hub with groups, as its documentation shows it; JSON and MessagePack.</summary>
internal sealed class SignalRServer : IServerKind
{
    public void Configure(WebApplicationBuilder builder, Arguments arguments) => builder.Services.AddSignalR().AddMessagePackProtocol();

    public void Map(WebApplication app) => app.MapHub<GroupHub>("/hub");

    public Task PrepareAsync(WebApplication app, Arguments arguments) => Task.CompletedTask;

    internal sealed class GroupHub : Hub
    {
        public Task Join(string group) => Groups.AddToGroupAsync(Context.ConnectionId, group);

        public Task Send(string group, string payload) => Clients.Group(group).SendAsync("m", payload);
    }
}
