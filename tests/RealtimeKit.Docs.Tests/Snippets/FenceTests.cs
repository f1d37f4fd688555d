using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Snippets;

/// <summary>No fence of the pages is left to itself.</summary>
public sealed class FenceTests
{
    // js, ts and html: src/realtimekit-js/test/snippets.test.js.
    private static readonly string[] Checked = ["csharp", "js", "ts", "html", "sh", "json"];

    // Configuration of others' programs, drawings and talk.
    private static readonly string[] Shown = ["text", "mermaid", "nginx", "haproxy", "sql", "xml", "diff", "yaml"];

    [Fact]
    public void Every_fence_has_a_language_that_a_test_covers() =>
        Fence.All.Where(fence => !Checked.Contains(fence.Language) && !Shown.Contains(fence.Language))
            .Select(fence => $"{fence.Place}: '{fence.Language}'").Should().BeEmpty();

    [Fact]
    public void The_pages_have_fences_of_every_checked_language() =>
        Fence.All.Select(fence => fence.Language).Distinct().Should().Contain(["csharp", "js", "sh"]);

    [Fact]
    public void What_is_shown_as_JSON_is_JSON()
    {
        foreach (var fence in Fence.All.Where(fence => fence.Language == "json"))
            FluentActions.Invoking(() => JsonDocument.Parse(fence.Code).Dispose()).Should().NotThrow("{0} is JSON", fence.Place);
    }

    [Fact]
    public void Fences_are_found_with_their_place_language_and_origin()
    {
        const string page = "text\n<!-- from: a/b.cs -->\n```csharp\none\n\ntwo\n```\n- item\n  ```js\n  x\n  ```\n";
        Fence.Read("p.md", page).Should().Equal(
            new Fence("p.md", 3, "csharp", "one\n\ntwo", "a/b.cs", null), new Fence("p.md", 9, "js", "x", null, null));
    }
}
