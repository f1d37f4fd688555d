using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the SQLite store to real-time messaging.</summary>
public static class SqliteBuilderExtensions
{
    /// <summary>
    /// Keeps channels and messages in one SQLite file, which is made where there is none and migrated where it is older.
    /// The host fails at start where the options are wrong or the file is not this store's, and where it cannot be opened.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="connectionString">The connection string, such as <c>Data Source=chat.db</c>.</param>
    /// <param name="configure">Sets more options; each has a default.</param>
    public static RealtimeMessagingBuilder UseSqliteStore(
        this RealtimeMessagingBuilder builder, string connectionString, Action<SqliteStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = builder.Services.AddOptions<SqliteStoreOptions>().ValidateOnStart();
        options.Configure(settings => settings.ConnectionString = connectionString);
        if (configure is not null) options.Configure(configure);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SqliteStoreOptions>, SqliteStoreOptionsValidator>());
        builder.Services.TryAddSingleton<SqliteStore>();
        builder.Services.AddSingleton<IMessageStore>(provider => provider.GetRequiredService<SqliteStore>());
        builder.Services.AddSingleton<IChannelStore>(provider => provider.GetRequiredService<SqliteStore>());
        builder.Services.AddSingleton<IFileRecords>(provider => provider.GetRequiredService<SqliteStore>());
        builder.Services.AddSingleton<IMessageSearch>(provider => provider.GetRequiredService<SqliteStore>());
        builder.Services.AddSingleton<IInboxStore>(provider => provider.GetRequiredService<SqliteStore>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SqliteStartup>());
        return builder;
    }
}
