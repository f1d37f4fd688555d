using System.Globalization;

namespace RealtimeKit.Simulation.Runs;

/// <summary>How well networks and servers work in a trial beside its faults: decided by its seed.</summary>
internal sealed class Conditions
{
    private readonly Random _random;
    private readonly double _slowness;
    private readonly double _commit;
    private readonly double _spread;
    private readonly double _perChange;
    private readonly double _perKilobyte;
    private readonly double _perNotice;

    public Conditions(int seed)
    {
        _random = new Random(seed);
        _slowness = Choose(0.1, 1, 5, 20);
        _commit = Choose(0.2, 2, 10, 60);
        _spread = Choose(0.1, 1, 2);
        LosesNotices = Choose(0, 0, 0.01, 0.1);
        DoublesNotices = Choose(0, 0, 0.05);
        ReordersNotices = _random.Next(3) == 0;
        FailsBefore = Choose(0, 0, 0.01, 0.05);
        FailsAfter = Choose(0, 0, 0.01, 0.05);
        IsBrokerPostgreSql = _random.Next(3) == 0;
        ConnectionBuffer = 1_024 * (int)Choose(8, 128);
        MessagesPerSecond = (int)Choose(0, 0, 20);
        _perChange = Choose(5, 20, 60);
        _perKilobyte = Choose(10, 50);
        _perNotice = Choose(1, 20);
    }

    /// <summary>How much of what nodes tell each other the broker loses without knowing.</summary>
    public double LosesNotices { get; }

    /// <summary>How much it brings twice.</summary>
    public double DoublesNotices { get; }

    /// <summary>Whether it brings things in another order.</summary>
    public bool ReordersNotices { get; }

    /// <summary>How many calls of the store fail before they did anything.</summary>
    public double FailsBefore { get; }

    /// <summary>How many fail after they did it.</summary>
    public double FailsAfter { get; }

    /// <summary>Whether the nodes hear each other by the database, and not by a broker of its own.</summary>
    public bool IsBrokerPostgreSql { get; }

    /// <summary>How many bytes a connection takes that its receiver has not read.</summary>
    public int ConnectionBuffer { get; }

    /// <summary>How many messages a user may send a second through one node; 0 for no limit.</summary>
    public int MessagesPerSecond { get; }

    /// <summary>Whether store, broker and networks carry little at present.</summary>
    public bool IsOverloaded { get; set; }

    /// <summary>Whether anything fails or is lost at present: it is not while the checks wait for what was healed.</summary>
    public bool AreRough { get; set; }

    /// <summary>Whether something that happens in this share of all cases happens now.</summary>
    public bool Happens(double share) => AreRough && share > 0 && _random.NextDouble() < share;

    public int Number(int below) => _random.Next(below);

    /// <summary>How long the next message of a network is under way.</summary>
    public TimeSpan Delay() => Around(_slowness);

    /// <summary>How long the next commit takes.</summary>
    public TimeSpan Commit() => Around(_commit);

    /// <summary>How much longer a commit takes by the number of its changes.</summary>
    public TimeSpan Storing(int changes) => Burden(_perChange * changes);

    /// <summary>How long a network to a client is busy with a message.</summary>
    public TimeSpan Carrying(int bytes) => Burden(_perKilobyte * bytes / 1_024);

    /// <summary>How long the broker is busy with a notice.</summary>
    public TimeSpan Announcing() => Burden(_perNotice);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"network {_slowness} ms, commit {_commit} ms, spread {_spread}, notices lost {LosesNotices}, doubled {DoublesNotices}, reordered {ReordersNotices}, calls failed before {FailsBefore}, after {FailsAfter}, broker {(IsBrokerPostgreSql ? "in the database" : "of its own")}, buffers {ConnectionBuffer}, {MessagesPerSecond} messages a second, overloaded: {_perChange} ms a change, {_perKilobyte} ms a KiB, {_perNotice} ms a notice");

    private TimeSpan Burden(double milliseconds) => IsOverloaded ? TimeSpan.FromMilliseconds(milliseconds) : TimeSpan.Zero;

    private TimeSpan Around(double milliseconds) =>
        TimeSpan.FromMilliseconds(milliseconds * (0.5 + (_spread * -Math.Log(1 - _random.NextDouble()))));

    private double Choose(params double[] values) => values[_random.Next(values.Length)];
}
