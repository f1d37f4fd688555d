using System.Security.Claims;

namespace OrderDesk;

/// <summary>Somebody with an account.</summary>
/// <param name="Id">What identifies the person everywhere.</param>
/// <param name="Name">What others see.</param>
/// <param name="Role">One of <see cref="Roles"/>.</param>
public sealed record Person(string Id, string Name, string Role);

/// <summary>The roles that an account may have.</summary>
public static class Roles
{
    public const string Customer = "customer";
    public const string Staff = "staff";
}

/// <summary>The accounts. A real application has them in its database, and a password for each.</summary>
public sealed class People
{
    private const string Password = "demo";

    private readonly Dictionary<string, Person> _people = new Person[]
    {
        new("ann", "Ann Arbor", Roles.Customer),
        new("bob", "Bob O'Neill", Roles.Customer),
        new("eva", "Eva Evans", Roles.Staff),
        new("scanner-1", "Packing station 1", Roles.Staff),
    }.ToDictionary(person => person.Id, StringComparer.Ordinal);

    public IEnumerable<Person> All => _people.Values;

    public Person? Find(string id) => _people.GetValueOrDefault(id);

    /// <summary>The person who may sign in with this, or nobody.</summary>
    public Person? FindByPassword(string id, string password) => password == Password ? Find(id) : null;

    /// <summary>The person as the framework's policies know people.</summary>
    public static ClaimsPrincipal Principal(Person person, string? authenticationType = "Accounts") => new(new ClaimsIdentity(
        [new(ClaimTypes.NameIdentifier, person.Id), new(ClaimTypes.Name, person.Name), new(ClaimTypes.Role, person.Role)],
        authenticationType));
}

/// <summary>What the application asks of a principal.</summary>
public static class PrincipalExtensions
{
    public static string Id(this ClaimsPrincipal principal) => principal.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";

    public static bool IsStaff(this ClaimsPrincipal principal) => principal.IsInRole(Roles.Staff);
}
