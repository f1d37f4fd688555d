namespace RealtimeKit.Protocol;

/// <summary>A point in a channel's log. Positions of different epochs say nothing about one another.</summary>
/// <param name="Epoch">A random string made with the channel; empty where it is not known.</param>
/// <param name="Version">The number of a change; 0 before the first.</param>
public readonly record struct ChannelPosition(string Epoch, long Version);
