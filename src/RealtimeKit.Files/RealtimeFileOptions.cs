namespace RealtimeKit.Files;

/// <summary>What users may upload, and how long it stays. Checked when the host starts.</summary>
public sealed class RealtimeFileOptions
{
    /// <summary>The most bytes of one file. Default: 104,857,600 (100 MiB); at least 1.</summary>
    public long MaxFileBytes { get; set; } = 100L * 1_024 * 1_024;

    /// <summary>How many uploads one user may begin in 24 hours, those that were given up or deleted as well. Default: 1,000; at least 1.</summary>
    public int FilesPerUserAndDay { get; set; } = 1_000;

    /// <summary>How many bytes these may have together, as declared when they begin. Default: 5,368,709,120 (5 GiB); at least 1.</summary>
    public long BytesPerUserAndDay { get; set; } = 5L * 1_024 * 1_024 * 1_024;

    /// <summary>
    /// The media types that may be uploaded, such as <c>image/png</c> or <c>image/*</c>; empty for all. Default: empty. What the content is decides, where it can be
    /// told, and else what the client declares.
    /// </summary>
    public IList<string> AllowedTypes { get; } = [];

    /// <summary>How many bytes the file store must have free beside what an upload needs. Default: 536,870,912 (512 MiB); 0 or more.</summary>
    public long MinFreeBytes { get; set; } = 512L * 1_024 * 1_024;

    /// <summary>How long a finished file stays that no message takes. Default: 24 hours; above zero.</summary>
    public TimeSpan KeepUntaken { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long an upload may take, from its begin. Default: 24 hours; above zero.</summary>
    public TimeSpan KeepUnfinished { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How often files are looked for that are to be removed. Default: 1 minute; 1 second to 1 day.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an upload's request may send nothing before it is answered with what came. Default: 30 seconds; above zero.</summary>
    public TimeSpan UploadIdleTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
