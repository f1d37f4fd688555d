namespace Snippets;

/// <summary>
/// Names and pictures for the ids that messages carry. The list is closed: it answers about the ids that are asked for, and
/// never lists who exists. A page asks <c>/people?id=ann&amp;id=bob</c> for the ids that it does not know yet, and keeps the answer.
/// </summary>
public static class People
{
    private const int MostAtOnce = 100;

    public static IEndpointConventionBuilder MapPeople(this IEndpointRouteBuilder routes, Func<string, Person?> find) =>
        routes.MapGet("/people", (string[] id) => id.Length > MostAtOnce
            ? Results.BadRequest($"Ask for at most {MostAtOnce} people at once.")
            : Results.Ok(id.Distinct(StringComparer.Ordinal).Select(find).OfType<Person>())).RequireAuthorization();
}

public sealed record Person(string Id, string Name, string? Picture);
