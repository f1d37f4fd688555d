namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>What one run of a job on one server gave.</summary>
/// <param name="Value">The number that is compared: the less the better.</param>
/// <param name="ClientShare">The load's part of the processor time that both sides used, where it was measured.</param>
/// <param name="Detail">What else is worth knowing, in words.</param>
/// <param name="WithSecondAfter">The same number with what the server did in the second after the work, where that differs.</param>
/// <param name="Figures">Further figures, the same ones for every server.</param>
internal sealed record Measurement(
    double Value, double? ClientShare, string Detail, double? WithSecondAfter = null, IReadOnlyList<Figure>? Figures = null);

/// <summary>A figure and what it is, with its unit.</summary>
internal sealed record Figure(string Name, double Value);
