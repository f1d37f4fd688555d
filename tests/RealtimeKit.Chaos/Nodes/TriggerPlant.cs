using Npgsql;
using RealtimeKit.Checking.Plants;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>Plants a trigger in the nodes' database, and takes it out when it is disposed of: the next run has the same database.</summary>
internal sealed class TriggerPlant : IAsyncDisposable
{
    private readonly string _connectionString;
    private readonly PlantedTrigger _trigger;

    private TriggerPlant(string connectionString, PlantedTrigger trigger) => (_connectionString, _trigger) = (connectionString, trigger);

    /// <summary>Plants it; the nodes have made the schema.</summary>
    public static async Task<TriggerPlant> PlantAsync(string connectionString, PlantedTrigger trigger)
    {
        var plant = new TriggerPlant($"{connectionString};Pooling=false;Search Path=realtimekit", trigger);
        await plant.RunAsync($"""
            CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {trigger.Body} RETURN NEW; END $$;
            CREATE TRIGGER planted {trigger.When} ON {trigger.Table} FOR EACH ROW EXECUTE FUNCTION planted();
            """);
        return plant;
    }

    public async ValueTask DisposeAsync() => await RunAsync($"DROP TRIGGER planted ON {_trigger.Table}; DROP FUNCTION planted();");

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
