using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace RealtimeKit.Docs.Snippets;

/// <summary>
/// Compiles a page's C# against the packages as they were built. A program, which makes its own builder, gets what the web
/// SDK gives every program. Anything else also gets the usings and names of Context.cs.txt; what begins with a dot goes on
/// behind <c>AddRealtimeMessaging()</c>.
/// </summary>
internal static class SnippetCompiler
{
    // What an asynchronous method without await and a value that is shown but not used would be told.
    private static readonly string[] Unfounded = ["CS1998", "CS0219", "CS8321", "CS0168"];

    private static readonly CSharpParseOptions Language = new(LanguageVersion.Latest);

    private static readonly IReadOnlyList<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) != "RealtimeKit.Docs.Tests.dll")
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>What the compiler has to say about a snippet; nothing where it is good.</summary>
    public static IReadOnlyList<string> Check(string code) =>
    [
        .. Compile(code, "Snippet").GetDiagnostics()
            .Where(found => found.Severity >= DiagnosticSeverity.Warning && !Unfounded.Contains(found.Id))
            .Select(found => $"line {found.Location.GetLineSpan().StartLinePosition.Line + 1}: {found.Id} {found.GetMessage(null)}"),
    ];

    /// <summary>Compiles a program into a file.</summary>
    public static void Write(string code, string file)
    {
        var result = Compile(code, Path.GetFileNameWithoutExtension(file)).Emit(file);
        if (!result.Success) throw new InvalidOperationException(string.Join('\n', result.Diagnostics));
    }

    private static CSharpCompilation Compile(string code, string name)
    {
        var isProgram = code.Contains("Application.CreateBuilder(", StringComparison.Ordinal) || code.Contains("CreateApplicationBuilder(", StringComparison.Ordinal);
        if (code.StartsWith('.')) code = $"builder.Services.AddRealtimeMessaging()\n{code}\n;";
        var tree = CSharpSyntaxTree.ParseText(code, Language, "snippet");
        var hasStatements = tree.GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>().Any();
        return CSharpCompilation.Create(
            name,
            [tree, Given("WebUsings.cs.txt"), .. isProgram ? [] : new[] { Given("Context.cs.txt") }],
            References,
            new CSharpCompilationOptions(
                hasStatements ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
    }

    private static SyntaxTree Given(string name) =>
        CSharpSyntaxTree.ParseText(Repository.Read($"tests/RealtimeKit.Docs.Tests/Snippets/{name}"), Language, name);
}
