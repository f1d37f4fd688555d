using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using FluentAssertions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace RealtimeKit.Tests.Transports;

/// <summary>What <c>UseTokenScheme</c> makes of a scheme's answer. The ExistingApp sample's tests are the same with real tokens and sockets.</summary>
public sealed class TokenSchemeTests
{
    private const string Scheme = "Words";

    [Theory]
    [InlineData("ann +60", "ann")]
    [InlineData("ann -1", null)]
    [InlineData("ann 0", null)]
    [InlineData("sub:ann +60", "ann")]
    [InlineData("anonymous +60", null)]
    [InlineData("nameless +60", null)]
    [InlineData("refused", null)]
    [InlineData("", null)]
    public async Task The_scheme_says_who_the_bearer_is_and_what_is_past_its_time_is_refused_whatever_it_says(string token, string? user)
    {
        await using var services = Services(Scheme);
        var signIn = await AuthenticateAsync(services, token);
        signIn?.User.Should().Be(user);
        (signIn is null).Should().Be(user is null);
        if (signIn is not null) signIn.Expires.Should().BeAfter(TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task Each_token_has_services_of_its_own()
    {
        await using var services = Services(Scheme);
        await AuthenticateAsync(services, "ann +60");
        await AuthenticateAsync(services, "bob +60");
        services.GetRequiredService<Disposals>().Count.Should().Be(2);
    }

    [Fact]
    public async Task A_principal_of_the_transport_goes_on_signing_in()
    {
        await using var services = Services(Scheme);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "ann")], "Cookies"));
        (await services.GetRequiredService<IAuthenticator>().AuthenticateAsync(new Credentials(principal, null), TestContext.Current.CancellationToken))
            .Should().Be(new SignIn("ann") { Principal = principal });
    }

    [Fact]
    public async Task A_host_without_that_scheme_does_not_start_and_says_which_one_is_missing()
    {
        var starting = () => WebHost.StartAsync(builder => builder.UseInMemoryStore().UseTokenScheme("Bearer"));
        (await starting.Should().ThrowAsync<OptionsValidationException>()).WithMessage("*UseTokenScheme(\"Bearer\")*no such authentication scheme*AddJwtBearer*");
    }

    private static async Task<SignIn?> AuthenticateAsync(IServiceProvider services, string token) =>
        await services.GetRequiredService<IAuthenticator>().AuthenticateAsync(new Credentials(null, token), TestContext.Current.CancellationToken);

    private static ServiceProvider Services(string scheme)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<Disposals>();
        services.AddScoped<Scoped>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, WordsHandler>(Scheme, null);
        services.AddRealtimeMessaging().AddWebSockets().UseInMemoryStore().UseTokenScheme(scheme);
        return services.BuildServiceProvider(validateScopes: true);
    }

    private sealed class Disposals
    {
        public int Count { get; set; }
    }

    private sealed class Scoped(Disposals disposals) : IDisposable
    {
        public void Dispose() => disposals.Count++;
    }

    /// <summary>Reads a name and the seconds that are left of it.</summary>
    private sealed class WordsHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            Context.RequestServices.GetRequiredService<Scoped>();
            var words = Request.Headers.Authorization.ToString()["Bearer ".Length..].Split(' ');
            if (words.Length < 2) return Task.FromResult(AuthenticateResult.Fail("refused"));
            var identity = words[0] switch
            {
                "anonymous" => new ClaimsIdentity([new Claim("sub", "ann")]),
                "nameless" => new ClaimsIdentity("Words"),
                ['s', 'u', 'b', ':', .. var user] => new ClaimsIdentity([new Claim("sub", user)], "Words"),
                var user => new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "Words"),
            };
            var properties = new AuthenticationProperties
            {
                ExpiresUtc = TimeProvider.GetUtcNow().AddSeconds(int.Parse(words[1], CultureInfo.InvariantCulture)),
            };
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), properties, Scheme.Name)));
        }
    }
}
