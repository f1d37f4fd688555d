namespace RealtimeKit.Samples;

/// <summary>A program that the launcher runs did not do what it should.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
