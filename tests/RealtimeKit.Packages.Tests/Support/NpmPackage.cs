using System.Formats.Tar;
using System.IO.Compression;

namespace RealtimeKit.Packages.Tests;

/// <summary>The packed npm package, opened.</summary>
internal static class NpmPackage
{
    /// <summary>The texts of its files, by their paths.</summary>
    public static Dictionary<string, string> Files(PackedPackages packages)
    {
        using var unzipped = new GZipStream(File.OpenRead(Path.Combine(packages.Folder, $"realtimekit-client-{PackedPackages.Version}.tgz")), CompressionMode.Decompress);
        using var archive = new TarReader(unzipped);
        var files = new Dictionary<string, string>();
        while (archive.GetNextEntry(copyData: true) is { } entry)
        {
            using var text = new StreamReader(entry.DataStream!);
            files.Add(entry.Name, text.ReadToEnd());
        }

        return files;
    }
}
