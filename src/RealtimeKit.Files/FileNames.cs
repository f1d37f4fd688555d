using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>Names of files as users see them; no name is ever part of a path.</summary>
internal static class FileNames
{
    private const string None = "file";

    /// <summary>The last segment without control characters, of bounded length.</summary>
    public static string Clean(string? name)
    {
        var last = (name ?? "").Split('/', '\\')[^1];
        var clean = string.Concat(last.Where(static character => !char.IsControl(character)));
        if (clean.Length > StoredFile.MaxNameLength)
            clean = clean[..(char.IsHighSurrogate(clean[StoredFile.MaxNameLength - 1]) ? StoredFile.MaxNameLength - 1 : StoredFile.MaxNameLength)];
        return clean.Length == 0 ? None : clean;
    }
}
