using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>
/// Names and pictures from ASP.NET Core Identity, for the ids that messages carry. Register: <c>.UseUserDirectory&lt;People&gt;()</c>.
/// It answers about the ids that are asked for, and never lists who exists.
/// </summary>
public sealed class People(IServiceScopeFactory scopes) : IUserDirectory
{
    // The directory lives as long as the application, and a DbContext as long as a request: each lookup has a scope of its own.
    public async ValueTask<IReadOnlyList<UserProfile>> FindAsync(UserLookup lookup, CancellationToken cancellationToken)
    {
        // A user of RealtimeKit is the account's id as text. What is no number is no account.
        List<int> ids = [.. lookup.Users.Select(user => int.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)];
        await using var scope = scopes.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<UserManager<Account>>().Users;
        var found = await accounts.Where(account => ids.Contains(account.Id)).Select(account => new { account.Id, account.DisplayName, account.Picture }).ToListAsync(cancellationToken);
        return [.. found.Select(account => new UserProfile(account.Id.ToString(CultureInfo.InvariantCulture), account.DisplayName, account.Picture))];
    }
}

public sealed class Account : IdentityUser<int>
{
    public string? DisplayName { get; set; }

    public string? Picture { get; set; }
}

public sealed class Accounts(DbContextOptions<Accounts> options) : IdentityDbContext<Account, IdentityRole<int>, int>(options);

public static class Profiles
{
    /// <summary>Whoever sees the user sees the new name at once, on whichever node.</summary>
    public static IEndpointConventionBuilder MapDisplayName(this IEndpointRouteBuilder routes) =>
        routes.MapPut("/me/name", async (string name, ClaimsPrincipal me, UserManager<Account> accounts, IRealtimeMessaging messaging) =>
        {
            if (await accounts.GetUserAsync(me) is not { } account) return Results.NotFound();
            account.DisplayName = name;
            var saved = await accounts.UpdateAsync(account);
            if (!saved.Succeeded) return Results.BadRequest();
            messaging.Users.Changed(account.Id.ToString(CultureInfo.InvariantCulture));
            return Results.NoContent();
        }).RequireAuthorization();
}
