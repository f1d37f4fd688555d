namespace RealtimeKit.Checking.Inboxes;

/// <summary>Counts anew what a user's inbox must show, by the rows of messages, members and marks, and by nothing that the store counts.</summary>
internal interface IInboxTruth
{
    Task<InboxPicture> RecountAsync(string user);
}
