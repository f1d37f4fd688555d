using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Snippets;

/// <summary>Every C# snippet of the pages compiles, without a warning, against the packages as they are.</summary>
public sealed class CSharpTests
{
    public static TheoryData<string> Snippets => [.. CSharp.Where(fence => fence.From is null).Select(fence => fence.Place)];

    public static TheoryData<string> Quotations => [.. CSharp.Where(fence => fence.From is not null).Select(fence => fence.Place)];

    private static IEnumerable<Fence> CSharp => Fence.All.Where(fence => fence.Language == "csharp");

    [Theory]
    [MemberData(nameof(Snippets))]
    public void A_snippet_compiles(string place) => SnippetCompiler.Check(Fence.At(place).Code).Should().BeEmpty("{0} is to be copied", place);

    [Theory]
    [MemberData(nameof(Quotations))]
    public void What_is_quoted_stands_in_the_file_that_is_named(string place)
    {
        var fence = Fence.At(place);
        Lines(Repository.Read(fence.From!)).Should().Contain(Lines(fence.Code), "{0} quotes {1}", place, fence.From);
    }

    [Theory]
    [InlineData("builder.Services.AddRealtimeMessaging().UseNothing();", "CS1061")]
    [InlineData("var builder = WebApplication.CreateBuilder(args);\nvar messaging = builder.Build().Services.GetRequiredService<IRealtimeMessaging>();", "CS0246")]
    [InlineData("string? text = null;\nConsole.WriteLine(text.Length);", "CS8602")]
    [InlineData(".UseInMemoryStore()\n.UseNothing()", "CS1061")]
    [InlineData("class Mine : IMessageInterceptor;", "CS0535")]
    public void A_faulty_snippet_is_found(string code, string error) =>
        SnippetCompiler.Check(code).Should().Contain(found => found.Contains(error, StringComparison.Ordinal));

    private static string Lines(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
}
