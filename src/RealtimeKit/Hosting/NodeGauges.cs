using System.Diagnostics.Metrics;

namespace RealtimeKit;

/// <summary>Registers the gauges of a node's present state; they are observed on demand.</summary>
internal static class NodeGauges
{
    public static void Register(Meter meter, RealtimeNode node)
    {
        meter.CreateObservableUpDownCounter("realtimekit.connections", () => node.Sessions.All.Count, "{connection}", "Open connections of clients.");
        meter.CreateObservableUpDownCounter(
            "realtimekit.subscriptions", () => node.LocalChannels.All.Sum(channel => channel.Count), "{subscription}", "Subscriptions of these connections.");
        meter.CreateObservableUpDownCounter("realtimekit.channels", () => node.LocalChannels.All.Count, "{channel}", "Channels that have subscribers here.");
        meter.CreateObservableUpDownCounter("realtimekit.tail.size", () => node.LocalChannels.Budget.Used, "By", "Latest events held in memory.");
        meter.CreateObservableUpDownCounter("realtimekit.append.queue", () => node.Appends.Waiting, "{change}", "Changes that wait for the next commit.");
        meter.CreateObservableUpDownCounter("realtimekit.observer.queue", () => node.Observers.Waiting, "{change}", "Changes that observers have not received yet.");
    }
}
