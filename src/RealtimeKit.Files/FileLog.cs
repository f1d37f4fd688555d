using Microsoft.Extensions.Logging;

namespace RealtimeKit.Files;

/// <summary>What the keeping of files logs. In one class: of several the generated code stands in an order that changes from build to build.</summary>
internal sealed partial class FileLog(ILogger<FileLog> logger)
{
    [LoggerMessage(1, LogLevel.Warning, "The bytes of the file {File} could not be removed; the next sweep tries again.")]
    public partial void BytesNotRemoved(Exception exception, string file);

    [LoggerMessage(2, LogLevel.Warning, "Files that are due could not be removed; trying again at every interval.")]
    public partial void SweepFailed(Exception exception);

    [LoggerMessage(3, LogLevel.Error, "The authenticator failed on a request for a file; it was answered as not signed in.")]
    public partial void SignInFailed(Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "A request for a file failed, because the store or the file store did.")]
    public partial void StorageFailed(Exception exception);
}
