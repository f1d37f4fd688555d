using Microsoft.Extensions.Options;

namespace RealtimeKit.Files.S3;

/// <summary>Says at start which options are out of range.</summary>
internal sealed class S3FileStoreOptionsValidator : IValidateOptions<S3FileStoreOptions>
{
    private const int MostUploads = 10_000;

    public ValidateOptionsResult Validate(string? name, S3FileStoreOptions options)
    {
        var wrong = new List<string>();
        Require(!string.IsNullOrWhiteSpace(options.Bucket), nameof(options.Bucket), "must name a bucket");
        Require(options.Prefix.Length == 0 || (options.Prefix[^1] == '/' && options.Prefix[0] != '/'), nameof(options.Prefix), "must be empty, or end with '/' and not begin with it");
        Require(options.Endpoint is null or { IsAbsoluteUri: true, Scheme: "http" or "https" }, nameof(options.Endpoint), "must be an address of http or https");
        Require(options.PartBytes is >= S3FileStoreOptions.LeastPartBytes and <= S3FileStoreOptions.MostPartBytes, nameof(options.PartBytes),
            $"must be {S3FileStoreOptions.LeastPartBytes} to {S3FileStoreOptions.MostPartBytes}");
        Require(options.UploadsAtOnce is >= 1 and <= MostUploads, nameof(options.UploadsAtOnce), $"must be 1 to {MostUploads}");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Require(bool holds, string option, string rule)
        {
            if (!holds) wrong.Add($"{nameof(S3FileStoreOptions)}.{option} {rule}.");
        }
    }
}
