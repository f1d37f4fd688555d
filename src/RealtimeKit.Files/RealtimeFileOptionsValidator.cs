using Microsoft.Extensions.Options;

namespace RealtimeKit.Files;

/// <summary>Says at start which options are out of range.</summary>
internal sealed class RealtimeFileOptionsValidator : IValidateOptions<RealtimeFileOptions>
{
    public ValidateOptionsResult Validate(string? name, RealtimeFileOptions options)
    {
        var wrong = new List<string>();
        Require(options.MaxFileBytes >= 1, nameof(options.MaxFileBytes), "must be at least 1");
        Require(options.FilesPerUserAndDay >= 1, nameof(options.FilesPerUserAndDay), "must be at least 1");
        Require(options.BytesPerUserAndDay >= 1, nameof(options.BytesPerUserAndDay), "must be at least 1");
        Require(options.MinFreeBytes >= 0, nameof(options.MinFreeBytes), "must be 0 or more");
        Require(options.KeepUntaken > TimeSpan.Zero, nameof(options.KeepUntaken), "must be above zero");
        Require(options.KeepUnfinished > TimeSpan.Zero, nameof(options.KeepUnfinished), "must be above zero");
        Require(options.SweepInterval >= TimeSpan.FromSeconds(1) && options.SweepInterval <= TimeSpan.FromDays(1), nameof(options.SweepInterval), "must be 1 second to 1 day");
        Require(options.UploadIdleTimeout > TimeSpan.Zero, nameof(options.UploadIdleTimeout), "must be above zero");
        foreach (var type in options.AllowedTypes)
            Require(MediaTypes.IsWellFormed(type), nameof(options.AllowedTypes), $"has '{type}', which is no media type; use one such as image/png or image/*");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Require(bool holds, string option, string rule)
        {
            if (!holds) wrong.Add($"{nameof(RealtimeFileOptions)}.{option} {rule}.");
        }
    }
}
