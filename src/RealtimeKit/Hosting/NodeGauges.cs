using System.Diagnostics.Metrics;
using RealtimeKit.Diagnostics;
using RealtimeKit.Messages;

namespace RealtimeKit.Hosting;

/// <summary>Registers the gauges of a node's present state; they are observed on demand.</summary>
internal static class NodeGauges
{
    public static void Register(Meter meter, RealtimeNode node, GuardedLoggers loggers)
    {
        meter.CreateObservableUpDownCounter("realtimekit.connections", () => node.Sessions.All.Count, "{connection}", "Open connections of clients.");
        meter.CreateObservableUpDownCounter(
            "realtimekit.subscriptions", () => node.LocalChannels.All.Sum(channel => channel.Count), "{subscription}", "Subscriptions of these connections.");
        meter.CreateObservableUpDownCounter("realtimekit.channels", () => node.LocalChannels.All.Count, "{channel}", "Channels that have subscribers here.");
        meter.CreateObservableUpDownCounter("realtimekit.tail.size", () => node.LocalChannels.Budget.Used, "By", "Latest events held in memory.");
        meter.CreateObservableUpDownCounter("realtimekit.append.queue", () => node.Appends.Waiting, "{change}", "Changes that wait for the next commit.");
        meter.CreateObservableUpDownCounter("realtimekit.observer.queue", () => Waiting(node.Observers), "{change}", "Changes that an observer has not received yet.");
        meter.CreateObservableCounter("realtimekit.log.failures", () => loggers.Failures, "{entry}", "Entries that the host's logging could not take.");
    }

    // Observers of the same type are one to whoever reads this.
    private static IEnumerable<Measurement<int>> Waiting(MessageObservers observers) => observers.Queues
        .GroupBy(static queue => queue.Name, static queue => queue.Count, StringComparer.Ordinal)
        .Select(static group => new Measurement<int>(group.Sum(), new KeyValuePair<string, object?>("observer", group.Key)));
}
