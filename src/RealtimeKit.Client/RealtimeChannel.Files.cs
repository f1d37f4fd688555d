using System.Text.Json.Nodes;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

public sealed partial class RealtimeChannel
{
    /// <summary>
    /// Uploads a file, over as many connections as it takes. A message of this user in this channel may take it, within the
    /// server's time for that (24 hours by default), by the attachment <c>{"file": "&lt;id&gt;"}</c>.
    /// </summary>
    /// <param name="content">The bytes, from the stream's position to its end. It must be able to seek.</param>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its media type; the server looks at the content first.</param>
    /// <param name="progress">Gets how many bytes the server has stored, at the beginning and after each piece.</param>
    /// <param name="cancellationToken">Gives the upload up.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="RealtimeException">The server refused it for good, such as by <c>too_large</c>, or the client is closed.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public Task<string> UploadFileAsync(
        Stream content, string name, string? type = null, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(name);
        return _files.UploadAsync(Id, content, name, type, progress, cancellationToken);
    }

    /// <summary>Uploads a file and sends a message that has it.</summary>
    /// <param name="content">The bytes, from the stream's position to its end. It must be able to seek.</param>
    /// <param name="name">Its name.</param>
    /// <param name="message">What else the message says; the file comes behind its attachments.</param>
    /// <param name="type">Its media type; the server looks at the content first.</param>
    /// <param name="progress">Gets how many bytes the server has stored, at the beginning and after each piece.</param>
    /// <param name="cancellationToken">Gives the upload up, and then as for <see cref="SendAsync"/>.</param>
    /// <exception cref="RealtimeException">The server refused the file or the message for good, or the client is closed.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public async Task<SentMessage> SendFileAsync(
        Stream content, string name, OutgoingMessage? message = null, string? type = null, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var id = await UploadFileAsync(content, name, type, progress, cancellationToken).ConfigureAwait(false);
        message ??= new OutgoingMessage();
        var attachments = JsonNode.Parse(message.Attachments?.ToString() ?? "[]")!.AsArray();
        attachments.Add((JsonNode)new JsonObject { ["file"] = id });
        return await SendAsync(message with { Attachments = Protocol.JsonValue.Parse(attachments.ToJsonString()) }, cancellationToken).ConfigureAwait(false);
    }
}
