using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Simulation.Runs;
using RealtimeKit.Simulation.Servers;
using RealtimeKit.Simulation.Time;

namespace RealtimeKit.Simulation.Nodes;

/// <summary>What the nodes of a trial have in common.</summary>
internal sealed record Surroundings(
    Scheduler Scheduler, TimeProvider Time, SimulatedDatabase Database, SimulatedBrokerServer Broker, Conditions Conditions, Plant? Plant, Story Story);
