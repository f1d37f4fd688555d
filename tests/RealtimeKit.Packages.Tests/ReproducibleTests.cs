using System.Security.Cryptography;
using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>Whoever packs a commit gets the same bytes, in whatever folder, on whatever branch.</summary>
public sealed class ReproducibleTests(PackedPackages packages)
{
    [Fact]
    public async Task Packed_again_in_another_folder_and_on_another_branch_every_file_is_the_same()
    {
        var again = Path.Combine(packages.Root, "again", "elsewhere");
        await PackedPackages.PackAsync(Path.Combine(packages.Root, "another-source"), again, "another-branch");
        Digests(again).Should().BeEquivalentTo(Digests(packages.Folder));
    }

    private static Dictionary<string, string> Digests(string folder) => Directory.GetFiles(folder)
        .ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
}
