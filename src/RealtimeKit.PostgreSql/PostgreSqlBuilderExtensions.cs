using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using RealtimeKit;
using RealtimeKit.Brokers;
using RealtimeKit.PostgreSql;
using RealtimeKit.PostgreSql.Broker;
using RealtimeKit.Stores;

namespace Microsoft.Extensions.DependencyInjection;

#pragma warning disable RS0026 // The types of the first parameters keep the overloads apart.

/// <summary>Adds the PostgreSQL store and broker to real-time messaging.</summary>
public static class PostgreSqlBuilderExtensions
{
    /// <summary>
    /// Keeps channels and messages in a PostgreSQL database that any number of nodes share, in a schema of their own, which is
    /// made where there is none and migrated where it is older. The host fails at start where the options are wrong, where
    /// the schema cannot be used, and where the server does not answer.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="connectionString">The connection string, such as <c>Host=db;Database=chat;Username=chat;Password=…</c>.</param>
    /// <param name="configure">Sets more options; each has a default.</param>
    public static RealtimeMessagingBuilder UsePostgreSqlStore(
        this RealtimeMessagingBuilder builder, string connectionString, Action<PostgreSqlStoreOptions>? configure = null) =>
        Add(builder, options => options.ConnectionString = connectionString, configure);

    /// <summary>The same with a data source that the host has made, and disposes of.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="dataSource">The data source; one built with <c>NpgsqlSlimDataSourceBuilder</c> needs <c>EnableArrays()</c>.</param>
    /// <param name="configure">Sets more options; each has a default.</param>
    public static RealtimeMessagingBuilder UsePostgreSqlStore(
        this RealtimeMessagingBuilder builder, NpgsqlDataSource dataSource, Action<PostgreSqlStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return Add(builder, options => options.DataSource = dataSource, configure);
    }

    /// <summary>
    /// Lets the nodes that share the PostgreSQL store hear each other by LISTEN and NOTIFY, so that a cluster needs no server but the
    /// database. A node takes two connections more for it, which must reach the server itself or a pooler that keeps sessions.
    /// </summary>
    /// <param name="builder">The builder, on which <c>UsePostgreSqlStore</c> is called as well.</param>
    public static RealtimeMessagingBuilder UsePostgreSqlBroker(this RealtimeMessagingBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IMessageBroker, PostgreSqlBroker>();
        return builder;
    }

    private static RealtimeMessagingBuilder Add(
        RealtimeMessagingBuilder builder, Action<PostgreSqlStoreOptions> where, Action<PostgreSqlStoreOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = builder.Services.AddOptions<PostgreSqlStoreOptions>().ValidateOnStart();
        options.Configure(where);
        if (configure is not null) options.Configure(configure);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgreSqlStoreOptions>, PostgreSqlStoreOptionsValidator>());
        builder.Services.TryAddSingleton<PostgreSqlStore>();
        builder.Services.AddSingleton<IMessageStore>(provider => provider.GetRequiredService<PostgreSqlStore>());
        builder.Services.AddSingleton<IChannelStore>(provider => provider.GetRequiredService<PostgreSqlStore>());
        builder.Services.AddSingleton<IFileRecords>(provider => provider.GetRequiredService<PostgreSqlStore>());
        builder.Services.AddSingleton<IMessageSearch>(provider => provider.GetRequiredService<PostgreSqlStore>());
        builder.Services.AddSingleton<IInboxStore>(provider => provider.GetRequiredService<PostgreSqlStore>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, PostgreSqlStartup>());
        return builder;
    }
}
