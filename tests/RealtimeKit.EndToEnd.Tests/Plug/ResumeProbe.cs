using RealtimeKit.EndToEnd.Protocol;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>
/// Asks for the changes after a version on a bare socket: a client that makes good what a server leaves out would hide it.
/// </summary>
internal sealed class ResumeProbe(Uri endpoint, string cookie)
{
    /// <summary>The versions of the messages that come, in their order, until the server says that there are no more.</summary>
    public async Task<List<long>> ChangesAfterAsync(string channel, long version)
    {
        await using var client = await RawClient.OpenAsync(endpoint, cookie);
        await client.ConnectAsync();
        (await client.RequestAsync("subscribe", new { channel, after = version })).ShouldBe("subscribed");
        var versions = new List<long>();
        while (true)
        {
            var page = await client.WaitForAsync(frame => frame.IsType("changes"));
            versions.AddRange(page.Items("messages").Select(message => message.Number("version")));
            if (!page.Flag("more")) return versions;
        }
    }
}
