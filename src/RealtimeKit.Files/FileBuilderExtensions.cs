using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.Files;
using RealtimeKit.WebSockets;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds files.</summary>
public static class FileBuilderExtensions
{
    /// <summary>
    /// Lets messages carry files: uploads and downloads below the WebSocket endpoint, at <c>files</c>. The bytes are in a folder, which all nodes
    /// share; the store keeps the records.
    /// </summary>
    /// <param name="builder">The builder, on which <c>AddWebSockets</c> and a store are chosen as well.</param>
    /// <param name="folder">The folder. It is made where there is none, and nothing else may be in it.</param>
    /// <param name="configure">Sets options; each has a default.</param>
    public static RealtimeMessagingBuilder AddFiles(
        this RealtimeMessagingBuilder builder, string folder, Action<RealtimeFileOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return builder.AddFileStore(_ => new FolderFileStore(folder), configure);
    }

    /// <summary>As <see cref="AddFiles"/>, with a file store of another kind.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="store">Gives the file store, once; it serves all files.</param>
    /// <param name="configure">Sets options; each has a default.</param>
    public static RealtimeMessagingBuilder AddFileStore(
        this RealtimeMessagingBuilder builder, Func<IServiceProvider, IFileStore> store, Action<RealtimeFileOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(store);
        var services = builder.Services;
        var options = services.AddOptions<RealtimeFileOptions>().ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RealtimeFileOptions>, RealtimeFileOptionsValidator>());
        services.TryAddSingleton(store);
        services.TryAddSingleton<FileLog>();
        services.TryAddSingleton<Uploads>();
        services.TryAddSingleton<UploadTurns>();
        services.TryAddSingleton<HttpSignIn>();
        services.TryAddSingleton<FileRights>();
        services.TryAddSingleton<Downloads>();
        services.TryAddSingleton<UploadWriter>();
        services.TryAddSingleton<TusEndpoint>();
        services.TryAddSingleton<IRealtimeFiles, RealtimeFiles>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IRealtimeEndpointPart, FileEndpoint>());
        services.TryAddSingleton<FileSweeper>();
        services.AddHostedService(provider => provider.GetRequiredService<FileSweeper>());
        return builder;
    }

    /// <summary>Adds one that looks at files before a message may take them; they are asked in the order in which they were added.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="inspector">Gives the instance, once; it serves all files.</param>
    public static RealtimeMessagingBuilder AddFileInspector(this RealtimeMessagingBuilder builder, Func<IServiceProvider, IFileInspector> inspector)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(inspector);
        return builder;
    }
}
