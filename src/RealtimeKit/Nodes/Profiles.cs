using System.Text.Json;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Nodes;

/// <summary>Asks the host's directory what a connection's user may see of others. Without a directory that is nobody.</summary>
internal sealed partial class Profiles(IUserDirectory? directory, ILogger<Profiles> logger)
{
    /// <summary>Finds users.</summary>
    /// <param name="session">Whose user asks.</param>
    /// <param name="users">The users, each once.</param>
    /// <param name="cancellationToken">Ends the lookup.</param>
    public async ValueTask<IReadOnlyList<UserProfile>> FindAsync(Session session, IReadOnlyList<string> users, CancellationToken cancellationToken)
    {
        if (directory is null) return [];
        var found = await directory.FindAsync(new UserLookup(users, session.User, session.Principal), cancellationToken).ConfigureAwait(false);
        var left = new HashSet<string>(users, StringComparer.Ordinal);
        return [.. found.Where(profile => left.Remove(profile.User) && IsSound(profile))];
    }

    private bool IsSound(UserProfile profile)
    {
        if (TextRules.IsText(profile.Name) && TextRules.IsText(profile.Avatar) && SizeOf(profile) <= ProtocolConstants.MaxProfileBytes) return true;
        ProfileLeftOut(profile.User, ProtocolConstants.MaxProfileBytes);
        return false;
    }

    private static int SizeOf(UserProfile profile)
    {
        using var output = new FrameBuffer();
        using (var json = new Utf8JsonWriter(output, FrameWriter.Options))
        {
            json.WriteStartObject();
            ServerReplies.WriteProfile(json, profile);
            json.WriteEndObject();
        }

        return output.Length;
    }

    [LoggerMessage(61, LogLevel.Warning, "What the directory shows of user {User} was left out: it has more than {Bytes} bytes, or text with U+0000 or an unpaired surrogate.")]
    private partial void ProfileLeftOut(string user, int bytes);
}
