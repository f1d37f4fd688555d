using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace RealtimeKit.Packages.Tests;

/// <summary>A NuGet package with its symbols, opened to look inside.</summary>
internal sealed class NuGetPackage : IDisposable
{
    private static readonly Guid SourceLinkKind = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    private static readonly Guid EmbeddedSourceKind = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
    private readonly string _name;
    private readonly ZipArchive _package;
    private readonly ZipArchive _symbols;

    public NuGetPackage(string folder, string name, string version)
    {
        _name = name;
        _package = ZipFile.OpenRead(Path.Combine(folder, $"{name}.{version}.nupkg"));
        _symbols = ZipFile.OpenRead(Path.Combine(folder, $"{name}.{version}.snupkg"));
        var specification = XDocument.Load(new MemoryStream(Read($"{name}.nuspec"))).Root!;
        Metadata = specification.Element(specification.Name.Namespace + "metadata")!;
    }

    /// <summary>The metadata of the specification.</summary>
    public XElement Metadata { get; }

    public IReadOnlyList<string> Files => [.. _package.Entries.Select(entry => entry.FullName)];

    public string? Value(string element) => Element(element)?.Value;

    public XElement? Element(string element) => Metadata.Element(Metadata.Name.Namespace + element);

    /// <summary>The packages that it depends on, with their versions.</summary>
    public IReadOnlyDictionary<string, string> Dependencies => Metadata.Descendants(Metadata.Name.Namespace + "dependency")
        .ToDictionary(dependency => dependency.Attribute("id")!.Value, dependency => dependency.Attribute("version")!.Value);

    public byte[] Read(string file) => Read(_package, file);

    /// <summary>The addresses of the sources, as a debugger finds them.</summary>
    public string SourceLink() => WithSymbols(reader => Encoding.UTF8.GetString(
        reader.GetBlobBytes(Information(reader, EntityHandle.ModuleDefinition, SourceLinkKind).Single().Value)));

    /// <summary>The source files that the symbols name, and whether they hold their text themselves.</summary>
    public IReadOnlyList<(string Path, bool Embedded)> Sources() => WithSymbols(reader => reader.Documents.Select(handle =>
        (reader.GetString(reader.GetDocument(handle).Name), Information(reader, handle, EmbeddedSourceKind).Any())).ToList());

    /// <summary>Whether assembly and symbols are those of one build, and one that can be repeated.</summary>
    public bool SymbolsBelong()
    {
        using var assembly = new PEReader(new MemoryStream(Read($"lib/net10.0/{_name}.dll")));
        var entries = assembly.ReadDebugDirectory();
        var codeView = entries.Single(entry => entry.Type == DebugDirectoryEntryType.CodeView);
        var id = new BlobContentId(assembly.ReadCodeViewDebugDirectoryData(codeView).Guid, codeView.Stamp);
        return entries.Any(entry => entry.Type == DebugDirectoryEntryType.Reproducible)
            && WithSymbols(reader => new BlobContentId(reader.DebugMetadataHeader!.Id)) == id;
    }

    public void Dispose()
    {
        _package.Dispose();
        _symbols.Dispose();
    }

    private T WithSymbols<T>(Func<MetadataReader, T> read)
    {
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Read(_symbols, $"lib/net10.0/{_name}.pdb")));
        return read(provider.GetMetadataReader());
    }

    private static IEnumerable<CustomDebugInformation> Information(MetadataReader reader, EntityHandle of, Guid kind) =>
        reader.GetCustomDebugInformation(of).Select(reader.GetCustomDebugInformation).Where(information => reader.GetGuid(information.Kind) == kind);

    private static byte[] Read(ZipArchive archive, string file)
    {
        var entry = archive.GetEntry(file) ?? throw new FileNotFoundException($"There is no {file} in it.", file);
        using var stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
