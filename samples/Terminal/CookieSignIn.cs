using System.Net;

namespace RealtimeKit.Samples;

/// <summary>The QuickStart's sign-in: a name for a cookie.</summary>
internal sealed class CookieSignIn : IDisposable
{
    private readonly Uri _login;
    private readonly string _name;
    private readonly HttpClient _http;
    private bool _signedIn;

    public CookieSignIn(Uri server, string name)
    {
        (_login, _name) = (new Uri(server, "/login"), name);
        _http = new HttpClient(new HttpClientHandler { CookieContainer = Cookies });
    }

    /// <summary>What the socket shows.</summary>
    public CookieContainer Cookies { get; } = new();

    /// <summary>Asked before each connection: signs in the first time. No token comes of it, since the cookie is the sign-in.</summary>
    public async ValueTask<string?> SignInAsync(CancellationToken cancellationToken)
    {
        if (_signedIn) return null;
        using var form = new FormUrlEncodedContent([new("name", _name)]);
        using var response = await _http.PostAsync(_login, form, cancellationToken);
        response.EnsureSuccessStatusCode();
        _signedIn = true;
        return null;
    }

    public void Dispose() => _http.Dispose();
}
