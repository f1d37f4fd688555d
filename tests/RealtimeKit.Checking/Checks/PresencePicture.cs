namespace RealtimeKit.Checking.Checks;

/// <summary>Who is present in each channel, with which status and how many connections, as one node tells it or as it is.</summary>
internal sealed class PresencePicture
{
    private readonly SortedDictionary<string, string> _people = new(StringComparer.Ordinal);

    public int Count => _people.Count;

    public void Add(string channel, string user, string status, int connections) => _people[$"{channel} {user}"] = $"{status} {connections}";

    /// <summary>Says what is otherwise in the other picture; nothing where they are the same.</summary>
    public IReadOnlyList<string> Differences(PresencePicture other)
    {
        var differences = new List<string>();
        foreach (var (place, state) in _people)
        {
            if (!other._people.TryGetValue(place, out var there)) differences.Add($"{place} is absent");
            else if (there != state) differences.Add($"{place} is {there} and not {state}");
        }

        differences.AddRange(other._people.Keys.Where(place => !_people.ContainsKey(place)).Select(place => $"{place} is {other._people[place]} and must be absent"));
        return differences;
    }
}
