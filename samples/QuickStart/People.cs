using System.Collections.Concurrent;
using System.Security.Claims;
using System.Text.Json;
using RealtimeKit.Protocol;

namespace RealtimeKit.Samples;

/// <summary>
/// The names that people gave themselves, in a file beside the database. An application asks its own users here, as samples/Snippets/People.cs does.
/// Whoever has no name is shown by the id.
/// </summary>
internal sealed class People(IConfiguration configuration) : IUserDirectory
{
    private readonly string _file = Place(configuration);
    private readonly Lock _writing = new();
    private readonly ConcurrentDictionary<string, Profile> _profiles = Read(Place(configuration));

    public ValueTask<IReadOnlyList<UserProfile>> FindAsync(UserLookup lookup, CancellationToken cancellationToken)
    {
        var found = new List<UserProfile>();
        foreach (var user in lookup.Users)
        {
            if (_profiles.TryGetValue(user, out var profile))
                found.Add(new UserProfile(user, profile.Name, Data: JsonValue.Parse(JsonSerializer.Serialize(new { about = profile.About }))));
        }

        return ValueTask.FromResult<IReadOnlyList<UserProfile>>(found);
    }

    public Profile Find(string user) => _profiles.GetValueOrDefault(user) ?? new Profile(user, null);

    public void Save(string user, Profile profile)
    {
        lock (_writing)
        {
            _profiles[user] = profile;
            File.WriteAllText($"{_file}.new", JsonSerializer.Serialize(_profiles));
            File.Move($"{_file}.new", _file, overwrite: true);
        }
    }

    private static string Place(IConfiguration configuration) => configuration["People"] ?? "people.json";

    private static ConcurrentDictionary<string, Profile> Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize<ConcurrentDictionary<string, Profile>>(File.ReadAllText(file))! : [];
}

internal sealed record Profile(string Name, string? About)
{
    public bool IsValid => Name.Trim().Length is >= 1 and <= 60 && About is null or { Length: <= 120 };
}

internal static class Profiles
{
    public static void MapProfile(this IEndpointRouteBuilder app)
    {
        app.MapGet("/profile", (ClaimsPrincipal me, People people) =>
            me.FindFirstValue(ClaimTypes.NameIdentifier) is { } user ? Results.Ok(people.Find(user)) : Results.Unauthorized());
        app.MapPut("/profile", (Profile profile, ClaimsPrincipal me, People people, IRealtimeMessaging messaging) =>
        {
            if (me.FindFirstValue(ClaimTypes.NameIdentifier) is not { } user) return Results.Unauthorized();
            if (!profile.IsValid) return Results.BadRequest("A name has 1 to 60 characters, and what is about you at most 120.");
            people.Save(user, profile);
            messaging.Users.Changed(user);               // whoever sees the user sees the new name at once
            return Results.NoContent();
        });
    }
}
