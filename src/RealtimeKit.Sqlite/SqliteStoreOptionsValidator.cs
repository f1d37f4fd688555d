using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace RealtimeKit.Sqlite;

/// <summary>Checks the options at start; its messages say what to do.</summary>
internal sealed class SqliteStoreOptionsValidator : IValidateOptions<SqliteStoreOptions>
{
    private const int MaxReaders = 64;
    private const int MinCheckpointPages = 100;
    private const int MaxCheckpointPages = 1_000_000;

    public ValidateOptionsResult Validate(string? name, SqliteStoreOptions options)
    {
        var failures = new List<string>();
        if (ConnectionFailure(options.ConnectionString) is { } failure) failures.Add(failure);
        if (options.Readers is < 1 or > MaxReaders) failures.Add($"SqliteStoreOptions.Readers is {options.Readers}; from 1 to {MaxReaders} are possible.");
        if (options.CommandTimeout < TimeSpan.FromSeconds(1) || options.CommandTimeout > TimeSpan.FromMinutes(1))
            failures.Add($"SqliteStoreOptions.CommandTimeout is {options.CommandTimeout}; from 1 second to 1 minute is possible.");
        if (options.BusyTimeout < TimeSpan.Zero || options.BusyTimeout > TimeSpan.FromMinutes(1))
            failures.Add($"SqliteStoreOptions.BusyTimeout is {options.BusyTimeout}; from 0 to 1 minute is possible.");
        if (options.CheckpointPages is < MinCheckpointPages or > MaxCheckpointPages)
            failures.Add($"SqliteStoreOptions.CheckpointPages is {options.CheckpointPages}; from {MinCheckpointPages} to {MaxCheckpointPages} are possible.");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static string? ConnectionFailure(string connectionString)
    {
        SqliteConnectionStringBuilder parsed;
        try
        {
            parsed = new SqliteConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException error)
        {
            return $"The SQLite store's connection string cannot be read: {error.Message} Give one such as \"Data Source=chat.db\".";
        }

        if (parsed.Mode == SqliteOpenMode.Memory || parsed.DataSource.Contains(":memory:", StringComparison.OrdinalIgnoreCase)
            || parsed.DataSource.Contains("mode=memory", StringComparison.OrdinalIgnoreCase))
            return "The SQLite store keeps a file, so that messages survive; for a store in memory call UseInMemoryStore() of RealtimeKit.InMemory.";
        if (string.IsNullOrWhiteSpace(parsed.DataSource))
            return "The SQLite store needs a file: give a connection string such as \"Data Source=chat.db\".";
        return parsed.Mode == SqliteOpenMode.ReadOnly ? "The SQLite store writes: Mode=ReadOnly is not possible." : null;
    }
}
