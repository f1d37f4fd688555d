using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Files;

namespace RealtimeKit.Hosting;

/// <summary>The engine's API for the application's own code: each group with the parts of the node that it uses.</summary>
internal sealed class RealtimeMessaging : IRealtimeMessaging
{
    private readonly IServiceProvider _services;

    public RealtimeMessaging(IServiceProvider services)
    {
        _services = services;
        // Resolved late: the node's own observers, authorizers and interceptors may depend on messaging.
        var late = new Lazy<RealtimeNode>(services.GetRequiredService<RealtimeNode>);
        RealtimeNode Node() => late.Value;
        Channels = new RealtimeChannels(new(() => new(
            Node().Channels, Node().Settings, Node().Access, Node().Rows, Node().Repair, Node().Presence, Node().Distributor, Node().Admission,
            Node().Clock, Node().Options)));
        Members = new RealtimeMembers(new(() => new(Node().Channels, Node().Memberships, Node().Admission, Node().Clock, Node().Options)));
        Messages = new RealtimeMessages(new(() => new(
            Node().Store, Node().Channels, Node().Appends, Node().Attached, Node().Finder, Node().Admission, Node().Clock, Node().Options)));
        Moderation = new RealtimeModeration(new(() => new(Node().Channels, Node().Memberships, Node().Clock)));
        Inboxes = new RealtimeInboxes(new(() => new(Node().Inboxes, Node().Rows)));
        Users = new RealtimeUsers(new(() => new(
            Node().Users, Node().Calls, Node().Channels, Messages, Node().Authorizer, Node().Receipts, Node().UserUpdates, Node().Blocks, Node().Clock)));
    }

    public IRealtimeChannels Channels { get; }

    public IRealtimeFiles Files => _services.GetService<IRealtimeFiles>()
        ?? throw new InvalidOperationException("This host keeps no files: add them by AddRealtimeMessaging().AddFiles(...) of the package RealtimeKit.Files.");

    public IRealtimeMembers Members { get; }

    public IRealtimeMessages Messages { get; }

    public IRealtimeModeration Moderation { get; }

    public IRealtimeUsers Users { get; }

    public IRealtimeInboxes Inboxes { get; }
}
