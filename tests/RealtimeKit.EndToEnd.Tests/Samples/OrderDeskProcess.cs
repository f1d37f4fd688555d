using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>The ExistingApp sample, whose key for tokens these tests know.</summary>
public sealed partial class OrderDeskProcess() : SampleProcess("ExistingApp")
{
    /// <summary>The key with which the application signs.</summary>
    internal RSA Key { get; } = RSA.Create(2_048);

    protected override IEnumerable<(string Name, string Value)> Settings =>
    [
        ("ConnectionStrings__Orders", $"Data Source={Path.Combine(Folder, "orders.db")}"),
        ("ConnectionStrings__Chat", $"Data Source={Path.Combine(Folder, "chat.db")}"),
        ("Jwt__KeyFile", KeyFile),
        ("DeliverySeconds", "0.5"),
    ];

    private string KeyFile => Path.Combine(Folder, "key.pem");

    public override async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(KeyFile, Key.ExportPkcs8PrivateKeyPem());
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Key.Dispose();
    }

    /// <summary>Signs in as a person does, through the page, and returns the value of the Cookie header.</summary>
    public override async Task<string> SignInAsync(string name)
    {
        using var page = await Http.GetAsync(new Uri(Address, "/Login"));
        var html = await page.Content.ReadAsStringAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, "/Login"))
        {
            Content = new FormUrlEncodedContent(
            [
                new("user", name), new("password", "demo"),
                new("__RequestVerificationToken", WebUtility.HtmlDecode(AntiforgeryField().Match(html).Groups[1].Value)),
            ]),
        };
        request.Headers.Add("Cookie", Cookies(page));
        using var answer = await Http.SendAsync(request);
        return answer.StatusCode == HttpStatusCode.Redirect
            ? Cookies(answer)
            : throw new InvalidOperationException($"Signing in as '{name}' gave {(int)answer.StatusCode}.");
    }

    /// <summary>A token from the application itself.</summary>
    internal async Task<string> TokenAsync(string user)
    {
        using var response = await Http.PostAsJsonAsync(new Uri(Address, "/api/token"), new { user, password = "demo" });
        response.EnsureSuccessStatusCode();
        return Frames.Parse(await response.Content.ReadAsStringAsync()).Text("token");
    }

    /// <summary>A request to the API by the bearer of a token.</summary>
    internal async Task<(int Status, JsonElement? Body)> CallAsync(string token, HttpMethod method, string path, object? content = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (content is not null) request.Content = JsonContent.Create(content);
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length > 0 && response.IsSuccessStatusCode ? Frames.Parse(text) : null);
    }

    /// <summary>An order that a customer places through the API, and its channel.</summary>
    internal async Task<(long Order, string Channel)> PlaceAsync(string customer)
    {
        var (_, order) = await CallAsync(await TokenAsync(customer), HttpMethod.Post, "/api/orders", new { item = "Bookshelf", quantity = 1 });
        var id = order!.Value.Number("id");
        return (id, $"order-{id}");
    }

    private static string Cookies(HttpResponseMessage response) =>
        string.Join("; ", response.Headers.GetValues("Set-Cookie").Select(line => line.Split(';')[0]));

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex AntiforgeryField();
}

/// <summary>One order desk for all its tests, an order of its own for each.</summary>
[CollectionDefinition(nameof(OrderDeskCollection))]
public sealed class OrderDeskCollection : ICollectionFixture<OrderDeskProcess>;
