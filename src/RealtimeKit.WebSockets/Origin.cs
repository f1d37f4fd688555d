namespace RealtimeKit.WebSockets;

/// <summary>An origin in one spelling: in lower case, with an international name in its ASCII form and without the scheme's own port.</summary>
internal static class Origin
{
    /// <summary>Reads an origin; <see langword="null"/> where the text is none, as <c>null</c> of a page without an origin.</summary>
    public static string? Normalize(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.PathAndQuery.Length > 1 || uri.Fragment.Length > 0
            || uri.Authority.Length == 0 || text.EndsWith('/'))
            return null;
        return $"{uri.Scheme}://{(uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost).ToLowerInvariant()}{(uri.IsDefaultPort ? "" : $":{uri.Port}")}";
    }
}
