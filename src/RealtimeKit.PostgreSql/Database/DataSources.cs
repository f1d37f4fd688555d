using System.Globalization;
using Npgsql;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>The store's own data source, and how it and the host's are named in messages.</summary>
internal static class DataSources
{
    public static NpgsqlDataSource Create(PostgreSqlStoreOptions options) => UnderInvariantCulture(() => Build(options));

    /// <summary>Npgsql writes numbers into connection strings and reads them back by the current culture, whose minus may differ.</summary>
    public static T UnderInvariantCulture<T>(Func<T> function)
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            return function();
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    private static NpgsqlDataSource Build(PostgreSqlStoreOptions options)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        var seconds = PostgreSqlDatabase.Seconds(options.CommandTimeout);
        // The store keeps its own few connections, because each has a state; one that failed must really be closed.
        settings.Pooling = false;
        settings.Multiplexing = false;
        settings.Enlist = false;
        settings.TargetSessionAttributes = null;
        settings.ApplicationName ??= "RealtimeKit";
        // The server itself ends what takes too long. Where even that does not come the connection is given up at once.
        settings.Timeout = seconds;
        settings.CommandTimeout = seconds + 1;
        settings.CancellationTimeout = -1;
        settings.TcpKeepAlive = true;
        settings.HostRecheckSeconds = 1;
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        builder.EnableIntegratedSecurity();
        return settings.Host!.Contains(',', StringComparison.Ordinal) ? builder.BuildMultiHost() : builder.Build();
    }

    /// <summary>The database and where it is, without who connects and by what password.</summary>
    public static string Describe(PostgreSqlStoreOptions options)
    {
        var settings = UnderInvariantCulture(() => new NpgsqlConnectionStringBuilder(options.DataSource?.ConnectionString ?? options.ConnectionString));
        return $"The PostgreSQL database '{settings.Database ?? settings.Username}' at {settings.Host}:{settings.Port}";
    }
}
