namespace RealtimeKit.Client;

/// <summary>How far an upload is.</summary>
/// <param name="Sent">How many bytes the server has stored.</param>
/// <param name="Total">How many there are.</param>
public readonly record struct FileProgress(long Sent, long Total);
