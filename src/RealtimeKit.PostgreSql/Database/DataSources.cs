using System.Globalization;
using Npgsql;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>The store's own data source, and how it and the host's are named in messages.</summary>
internal static class DataSources
{
    public static NpgsqlDataSource Create(string connectionString, TimeSpan timeout) => UnderNoCulture(() => CreateHere(connectionString, timeout));

    private static NpgsqlDataSource CreateHere(string connectionString, TimeSpan timeout)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var seconds = Seconds(timeout);
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
    public static string Describe(string connectionString)
    {
        var settings = Parse(connectionString);
        return $"The PostgreSQL database '{settings.Database ?? settings.Username}' at {settings.Host}:{settings.Port}";
    }

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string? connectionString) =>
        UnderNoCulture(() => new NpgsqlConnectionStringBuilder(connectionString));

    /// <summary>A time as Npgsql takes it, in whole seconds and never less.</summary>
    public static int Seconds(TimeSpan time) => (int)Math.Ceiling(time.TotalSeconds);

    // Npgsql reads a connection string's numbers by the current culture, also those that it wrote itself, and "-1" is no number under
    // the cultures that put a mark of direction before the sign.
    private static T UnderNoCulture<T>(Func<T> call)
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            return call();
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
