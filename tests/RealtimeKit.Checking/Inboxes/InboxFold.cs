using System.Text.Json;
using RealtimeKit.Checking.Checks;

namespace RealtimeKit.Checking.Inboxes;

/// <summary>
/// An inbox as a bare client folds it, frame by frame, by the protocol's page. It keeps an earlier state with its cursor, from which it can go on as
/// another device would. Not safe for concurrent use.
/// </summary>
internal sealed class InboxFold(string name, Findings findings)
{
    private Dictionary<string, InboxRow> _rows = [];
    private HashSet<string>? _fresh;
    private long _unread;
    private long _mentions;
    private (Dictionary<string, InboxRow> Rows, string Cursor)? _earlier;

    /// <summary>The cursor to go on from.</summary>
    public string? Cursor { get; private set; }

    /// <summary>Whether all pages came.</summary>
    public bool IsLevel { get; private set; }

    public InboxPicture Picture => new(new Dictionary<string, InboxRow>(_rows), _unread, _mentions);

    /// <summary>The connection was lost.</summary>
    public void Pause()
    {
        IsLevel = false;
        _fresh = null;
    }

    /// <summary>Keeps the present state, to go back to it.</summary>
    public void Keep()
    {
        if (IsLevel && Cursor is { } cursor) _earlier = (new(_rows), cursor);
    }

    /// <summary>Goes back to the state that was kept.</summary>
    public void GoBack()
    {
        if (_earlier is { } earlier) (_rows, Cursor) = (new(earlier.Rows), earlier.Cursor);
    }

    /// <summary>The inbox was opened: pages follow.</summary>
    public void Begin(JsonElement reply)
    {
        IsLevel = false;
        _fresh = reply.GetProperty("reset").GetBoolean() ? [] : null;
        Cursor = reply.GetProperty("cursor").GetString();
        TakeTotals(reply);
    }

    /// <summary>Takes rows.</summary>
    public void Take(JsonElement frame)
    {
        var rows = frame.GetProperty("channels").EnumerateArray().Select(InboxRow.FromJson).ToList();
        string[] removed = frame.TryGetProperty("removed", out var names) ? [.. names.EnumerateArray().Select(one => one.GetString()!)] : [];
        findings.Require(Check.Inbox, !rows.Exists(row => removed.Contains(row.Channel)), () => $"{name}: a channel is in both lists of {frame}");
        foreach (var channel in removed) _rows.Remove(channel);
        foreach (var row in rows)
        {
            _rows[row.Channel] = row;
            _fresh?.Add(row.Channel);
        }

        Cursor = frame.GetProperty("cursor").GetString();
        TakeTotals(frame);
        if (frame.GetProperty("more").GetBoolean()) return;
        if (_fresh is { } fresh)
        {
            foreach (var channel in _rows.Keys.Where(channel => !fresh.Contains(channel)).ToList()) _rows.Remove(channel);
            _fresh = null;
        }

        IsLevel = true;
    }

    private void TakeTotals(JsonElement frame) =>
        (_unread, _mentions) = (frame.GetProperty("unread").GetInt64(), frame.GetProperty("mentions").GetInt64());
}
