using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Npgsql;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql;

/// <summary>Checks the options at start; its messages say what to do.</summary>
internal sealed partial class PostgreSqlStoreOptionsValidator : IValidateOptions<PostgreSqlStoreOptions>
{
    private const int MinConnections = 2;
    private const int MaxConnections = 100;
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, PostgreSqlStoreOptions options)
    {
        var failures = new List<string>();
        if (options.DataSource is null && ConnectionFailure(options.ConnectionString) is { } failure) failures.Add(failure);
        if (!SchemaName().IsMatch(options.Schema))
            failures.Add($"PostgreSqlStoreOptions.Schema is '{options.Schema}'; 1 to 63 lower-case letters, digits and '_' are possible, the first no digit, not beginning with 'pg_'.");
        if (options.MaxConnections is < MinConnections or > MaxConnections)
            failures.Add($"PostgreSqlStoreOptions.MaxConnections is {options.MaxConnections}; from {MinConnections} to {MaxConnections} are possible.");
        if (options.CommandTimeout < ShortestTimeout || options.CommandTimeout > LongestTimeout)
            failures.Add($"PostgreSqlStoreOptions.CommandTimeout is {options.CommandTimeout}; from 1 second to 1 minute is possible.");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    [GeneratedRegex("^(?!pg_)[a-z_][a-z0-9_]{0,62}\\z")]
    private static partial Regex SchemaName();

    // Whatever the parser says may repeat what it was given, a password perhaps: only the keyword is told.
    private static string? ConnectionFailure(string connectionString)
    {
        NpgsqlConnectionStringBuilder parsed;
        try
        {
            parsed = DataSources.Parse(connectionString);
        }
        catch (ArgumentException error)
        {
            var keyword = error.ParamName is { } name ? $" (at '{name}')" : "";
            return $"The PostgreSQL store's connection string cannot be read{keyword}; give one such as \"Host=localhost;Database=chat;Username=chat\".";
        }

        return string.IsNullOrWhiteSpace(parsed.Host)
            ? "The PostgreSQL store needs a server: give a connection string such as \"Host=localhost;Database=chat;Username=chat\"."
            : null;
    }
}
