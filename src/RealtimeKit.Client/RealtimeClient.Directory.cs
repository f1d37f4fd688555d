using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

public sealed partial class RealtimeClient
{
    /// <summary>A page of the public channels, by name without regard to case, then by identifier; those without a name last.</summary>
    /// <param name="query">Beginnings of words of the name, each of which must be there: at most 200 UTF-16 code units. Nothing for all channels.</param>
    /// <param name="before">The <see cref="DirectoryList.Next"/> of the page before; nothing for the first.</param>
    /// <param name="limit">The most channels, 1 to 200. Default: 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The query is no text.</exception>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    /// <exception cref="TimeoutException">There was no reply within <see cref="RealtimeClientOptions.RequestTimeout"/>.</exception>
    public async Task<DirectoryList> DirectoryAsync(
        string? query = null, string? before = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        TextRules.Require(query);
        var reply = await _requests.SendAsync<DirectoryFrame>(
            (output, id) => ClientRequests.Directory(output, id, query, before, limit), repeat: true, cancellationToken).ConfigureAwait(false);
        return new DirectoryList(reply.Channels, reply.More ? reply.Next : null);
    }

    /// <summary>
    /// Blocks another user: in the direct channel with this one the other one may only read and delete, and cannot make one; mentions by the other
    /// one do not count. The other one is not told. Again it changes nothing. Not repeated by itself.
    /// </summary>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">
    /// The server refused (<c>too_many</c> where 1,000 are blocked), or the connection was lost before the reply.
    /// </exception>
    public Task BlockAsync(string user, CancellationToken cancellationToken = default) => RequestOfUserAsync("block"u8.ToArray(), user, cancellationToken);

    /// <summary>Ends a block. Not repeated by itself.</summary>
    /// <exception cref="ArgumentException">No user can have that name.</exception>
    /// <exception cref="RealtimeException">The server refused, or the connection was lost before the reply.</exception>
    public Task UnblockAsync(string user, CancellationToken cancellationToken = default) => RequestOfUserAsync("unblock"u8.ToArray(), user, cancellationToken);

    /// <summary>The users whom this one blocks, in the order of their names.</summary>
    /// <exception cref="RealtimeException">The server refused, or the client is closed.</exception>
    public async Task<IReadOnlyList<string>> BlockedAsync(CancellationToken cancellationToken = default) =>
        (await _requests.SendAsync<BlockedFrame>(ClientRequests.Blocked, repeat: true, cancellationToken).ConfigureAwait(false)).Users;

    private Task<OkFrame> RequestOfUserAsync(byte[] type, string user, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        return _requests.SendAsync<OkFrame>((output, id) => ClientRequests.OfUser(output, type, id, user), repeat: false, cancellationToken);
    }
}
