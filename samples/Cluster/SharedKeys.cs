using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace RealtimeKit.Samples;

/// <summary>Keeps the keys that sign the cookies in the database, so that whoever signed in at one node is signed in at all.</summary>
internal sealed class SharedKeys(string connectionString) : IXmlRepository, IAsyncDisposable
{
    // Any number that nobody else takes for a lock of this database.
    private const long LockKey = 0x636f_6f6b_6965;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    private readonly NpgsqlDataSource _database = Open(new NpgsqlConnectionStringBuilder(connectionString));

    /// <summary>
    /// Makes the table and the first key. One node at a time: each would otherwise make a key of its own, and not know the
    /// others' for as long as it keeps what it has read.
    /// </summary>
    public async Task PrepareAsync(IKeyManager keys)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection))
        {
            command.Parameters.Add(new() { Value = LockKey });
            await command.ExecuteNonQueryAsync();
        }

        // On another connection, so that what follows sees it.
        await using (var command = _database.CreateCommand(
            """
            CREATE SCHEMA IF NOT EXISTS sign_in;
            CREATE TABLE IF NOT EXISTS sign_in.keys (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, xml text NOT NULL)
            """))
            await command.ExecuteNonQueryAsync();
        var now = TimeProvider.System.GetUtcNow();
        if (!keys.GetAllKeys().Any(key => !key.IsRevoked && key.ActivationDate <= now && now < key.ExpirationDate))
            keys.CreateNewKey(now, now + Lifetime);
        await transaction.CommitAsync();
    }

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var command = _database.CreateCommand("SELECT xml FROM sign_in.keys ORDER BY id");
        using var reader = command.ExecuteReader();
        var elements = new List<XElement>();
        while (reader.Read()) elements.Add(XElement.Parse(reader.GetString(0)));
        return elements;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = _database.CreateCommand("INSERT INTO sign_in.keys (name, xml) VALUES ($1, $2)");
        command.Parameters.Add(new() { Value = friendlyName });
        command.Parameters.Add(new() { Value = element.ToString(SaveOptions.DisableFormatting) });
        command.ExecuteNonQuery();
    }

    // Of several hosts, the one that can be written to.
    private static NpgsqlDataSource Open(NpgsqlConnectionStringBuilder settings)
    {
        if (settings.Host?.Contains(',', StringComparison.Ordinal) is true) settings.TargetSessionAttributes = "primary";
        return NpgsqlDataSource.Create(settings);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
