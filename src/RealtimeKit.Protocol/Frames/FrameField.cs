namespace RealtimeKit.Protocol;

/// <summary>The fields that a client's frame, or the message in it, may have; all others are ignored.</summary>
internal enum FrameField
{
    Type,
    Id,
    Channel,
    Token,
    Client,
    After,
    Before,
    Epoch,
    Recent,
    Message,
    Sequence,
    Text,
    Data,
    ReplyTo,
    Attachments,
    Mentions,
    Reaction,
    Remove,
    Thread,
    Limit,
    Name,
    Kind,
    Members,
    Version,
    Count,
}
