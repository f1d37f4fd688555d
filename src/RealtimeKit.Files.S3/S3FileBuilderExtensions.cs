using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.Files;
using RealtimeKit.Files.S3;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds files in a bucket.</summary>
public static class S3FileBuilderExtensions
{
    /// <summary>
    /// Lets messages carry files, as <c>AddFiles</c> does, with their bytes in a bucket of Amazon S3 or of a server that speaks its protocol. All nodes share the bucket.
    /// </summary>
    /// <param name="builder">The builder, on which <c>AddWebSockets</c> and a store are chosen as well.</param>
    /// <param name="bucket">The bucket. It must exist.</param>
    /// <param name="configure">Sets how it is reached; each option has a default.</param>
    /// <param name="files">Sets what users may upload; each option has a default.</param>
    public static RealtimeMessagingBuilder AddS3Files(
        this RealtimeMessagingBuilder builder, string bucket, Action<S3FileStoreOptions>? configure = null, Action<RealtimeFileOptions>? files = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(bucket);
        builder.Services.AddOptions<S3FileStoreOptions>().Configure(options =>
        {
            options.Bucket = bucket;
            configure?.Invoke(options);
        }).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<S3FileStoreOptions>, S3FileStoreOptionsValidator>());
        return builder.AddFileStore(provider => S3FileStore.Create(provider.GetRequiredService<IOptions<S3FileStoreOptions>>().Value, provider), files);
    }
}
