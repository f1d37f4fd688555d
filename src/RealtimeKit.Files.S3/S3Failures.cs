using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace RealtimeKit.Files.S3;

/// <summary>Says of a failed request what to do about it.</summary>
internal static class S3Failures
{
    /// <summary>Whether there is nothing of that key, or no such upload.</summary>
    public static bool IsAbsent(AmazonS3Exception exception) =>
        exception.StatusCode == HttpStatusCode.NotFound && exception.ErrorCode is not "NoSuchBucket";

    /// <summary>Whether a condition of the request did not hold.</summary>
    public static bool IsUnmet(AmazonS3Exception exception) => exception.StatusCode == HttpStatusCode.PreconditionFailed;

    /// <summary>Whether another write to the key was going on, so that the request has to be repeated.</summary>
    public static bool IsConflict(AmazonS3Exception exception) => exception.StatusCode == HttpStatusCode.Conflict && exception.ErrorCode == "ConditionalRequestConflict";

    /// <summary>Whether an exception is one of the SDK or of the network below it.</summary>
    public static bool IsFailure(Exception exception, CancellationToken cancellationToken) =>
        exception is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException or IOException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>The exception for whoever called, which names the bucket and how to mend it.</summary>
    public static IOException Explain(Exception exception, string bucket) => exception is IOException known and not HttpIOException ? known : new IOException(
        exception switch
        {
            AmazonS3Exception s3 => Explain(s3, bucket),
            HttpRequestException or HttpIOException or TimeoutException or OperationCanceledException => $"The server of the bucket '{bucket}' did not answer: {exception.Message}",
            _ => $"The bucket '{bucket}' cannot be used: {exception.Message} Give credentials by the environment, a profile, the machine's role or S3FileStoreOptions.Client.",
        }, exception);

    private static string Explain(AmazonS3Exception exception, string bucket) => exception.ErrorCode switch
    {
        "NoSuchBucket" => $"There is no bucket '{bucket}': create it, or correct its name and S3FileStoreOptions.Endpoint.",
        "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" or "TokenRefreshRequired" =>
            $"The server of the bucket '{bucket}' refused the credentials ({exception.ErrorCode}): correct those that the environment, the profile, the role or S3FileStoreOptions.Client gives.",
        "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" =>
            $"The bucket '{bucket}' is in another region ({exception.ErrorCode}): set S3FileStoreOptions.Region to it.",
        _ when exception.StatusCode == HttpStatusCode.Forbidden =>
            $"The credentials may not use the bucket '{bucket}' so: allow s3:ListBucket and s3:ListBucketMultipartUploads on it, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects.",
        _ when exception.StatusCode == HttpStatusCode.NotImplemented =>
            $"The server of the bucket '{bucket}' lacks something that files need ({exception.Message}): use one with multipart uploads and their list.",
        _ => $"The server of the bucket '{bucket}' answered {(int)exception.StatusCode} ({exception.ErrorCode}): {exception.Message}",
    };
}
