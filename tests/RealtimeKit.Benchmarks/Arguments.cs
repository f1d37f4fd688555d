using System.Globalization;

namespace RealtimeKit.Benchmarks;

/// <summary>The command line: words, and <c>--name value</c> pairs.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _options = [];

    public Arguments(IReadOnlyList<string> arguments)
    {
        var words = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
                words.Add(arguments[i]);
            else if (i + 1 < arguments.Count)
                _options[arguments[i][2..]] = arguments[++i];
            else
                throw new ArgumentException($"{arguments[i]} lacks its value.");
        }

        Words = words;
    }

    public IReadOnlyList<string> Words { get; }

    public string? Word(int index) => index < Words.Count ? Words[index] : null;

    public string Text(string name, string otherwise) => _options.GetValueOrDefault(name, otherwise);

    /// <summary>Whether something is on, as it is where nothing is said.</summary>
    public bool IsOn(string name) => Text(name, "on") != "off";

    public int Number(string name, int otherwise) => _options.TryGetValue(name, out var text)
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : otherwise;
}
