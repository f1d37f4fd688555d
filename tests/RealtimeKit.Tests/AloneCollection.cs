using Xunit;

namespace RealtimeKit.Tests;

/// <summary>What measures the memory of the process: nothing else runs beside it.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
