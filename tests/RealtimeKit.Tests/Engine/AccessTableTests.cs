using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Who may what by default: each cell of the tables of docs/security.md is tried, in a channel of its own.</summary>
public sealed class AccessTableTests
{
    private const string Message = "\"message\":{\"id\":\"ID\",\"text\":\"x\"}";

    /// <summary>A row's name and the request that it stands for; the messages 1 to 4 are by the caller, a member, a moderator and an owner.</summary>
    private static readonly Dictionary<string, string> Requests = new()
    {
        ["`subscribe`, `history`, `reactions`, `presence`, `members`, `read`"] = "\"type\":\"history\"",
        ["`publish`"] = $"\"type\":\"publish\",{Message}",
        ["`edit` one's own"] = "\"type\":\"edit\",\"sequence\":1,\"text\":\"y\"",
        ["`edit` another's"] = "\"type\":\"edit\",\"sequence\":2,\"text\":\"y\"",
        ["`delete` one's own"] = "\"type\":\"delete\",\"sequence\":1",
        ["`delete` a member's"] = "\"type\":\"delete\",\"sequence\":2",
        ["`delete` a moderator's"] = "\"type\":\"delete\",\"sequence\":3",
        ["`delete` an owner's"] = "\"type\":\"delete\",\"sequence\":4",
        ["`react`"] = "\"type\":\"react\",\"sequence\":2,\"reaction\":\"+\"",
        ["`signal`"] = "\"type\":\"signal\",\"name\":\"typing\"",
        ["`pin`, `unpin`"] = "\"type\":\"PIN\",\"sequence\":2",
        ["`join`"] = "\"type\":\"join\"",
        ["`leave`"] = "\"type\":\"leave\"",
        ["`update`: `data`"] = "\"type\":\"update\",\"data\":{\"a\":1}",
        ["`update`: `name`, `slowMode`"] = "\"type\":\"update\",\"slowMode\":1,\"name\":\"x\"",
        ["`update`: `closed`"] = "\"type\":\"update\",\"closed\":true",
        ["`invite` as a member"] = "\"type\":\"invite\",\"user\":\"new\"",
        ["`invite` as a moderator"] = "\"type\":\"invite\",\"user\":\"new\",\"role\":\"moderator\"",
        ["`invite` as an owner"] = "\"type\":\"invite\",\"user\":\"new\",\"role\":\"owner\"",
        ["`remove`, `ban`, `unban`, `mute`, `unmute` nobody or a member"] = "\"type\":\"TYPE\",\"user\":\"member\"",
        ["the same to a moderator"] = "\"type\":\"TYPE\",\"user\":\"moderator\"",
        ["the same to an owner"] = "\"type\":\"TYPE\",\"user\":\"owner\"",
        ["`setRole`"] = "\"type\":\"setRole\",\"user\":\"member\",\"role\":\"moderator\"",
        ["`report`"] = "\"type\":\"report\",\"sequence\":2",
        ["`bans`, `reports`, `actions`, `resolve`"] = "\"type\":\"bans\"",
    };

    private static readonly string[] Reads = ["subscribe", "history", "presence", "members", "reactions\",\"sequence\":2,\"x\":\"", "read\",\"sequence\":2,\"x\":\""];
    private static readonly string[] Pins = ["pin", "unpin"];
    private static readonly string[] Moderation = ["bans", "reports", "actions", "resolve\",\"report\":\"3\",\"state\":\"acted"];
    private static readonly string[] Sanctions = ["remove", "ban", "unban", "mute", "unmute"];

    private static readonly string Page = File.ReadAllText(Path.Combine(ArchitectureTests.Source, "..", "docs", "security.md"));

    private long _id = 100;

    [Fact]
    public async Task Each_cell_is_as_the_page_says()
    {
        await using var node = await TestNode.StartAsync();
        var wrong = new List<string>();
        var tried = 0;
        foreach (var (columns, rows) in Tables())
        {
            rows.Should().HaveCount(Requests.Count);
            foreach (var (row, cells) in rows)
            {
                Requests.Should().ContainKey(row);
                foreach (var (column, expected) in columns.Zip(cells))
                {
                    foreach (var request in Expand(row))
                    {
                        tried++;
                        var answer = await TryAsync(node, column, request);
                        if (answer != expected) wrong.Add($"{column}, {request}: {answer}, and the page says {expected}");
                    }
                }
            }
        }

        wrong.Should().BeEmpty();
        tried.Should().BeGreaterThan(780);
    }

    private static IEnumerable<string> Expand(string row)
    {
        var request = Requests[row];
        if (row.StartsWith("`subscribe`", StringComparison.Ordinal)) return Reads.Select(type => request.Replace("history", type, StringComparison.Ordinal));
        if (row.StartsWith("`bans`", StringComparison.Ordinal)) return Moderation.Select(type => request.Replace("bans", type, StringComparison.Ordinal));
        if (row.StartsWith("`pin`", StringComparison.Ordinal)) return Pins.Select(type => request.Replace("PIN", type, StringComparison.Ordinal));
        return request.Contains("TYPE", StringComparison.Ordinal) ? Sanctions.Select(type => request.Replace("TYPE", type, StringComparison.Ordinal)) : [request];
    }

    private static IEnumerable<(List<string> Columns, List<(string Row, List<string> Cells)> Rows)> Tables()
    {
        List<string>? columns = null;
        List<(string, List<string>)> rows = [];
        foreach (var line in Page.Split('\n').Append(""))
        {
            if (line.StartsWith("| request |", StringComparison.Ordinal)) columns = [.. Cells(line).Skip(1)];
            else if (columns is not null && line.StartsWith("|---", StringComparison.Ordinal)) rows = [];
            else if (columns is not null && line.StartsWith('|')) rows.Add((Cells(line)[0], Cells(line)[1..]));
            else if (columns is not null)
            {
                yield return (columns, rows);
                columns = null;
            }
        }
    }

    private static List<string> Cells(string line) => [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];

    private async Task<string> TryAsync(TestNode node, string column, string request)
    {
        var cancel = TestContext.Current.CancellationToken;
        // Such as "private: moderator" or "public: muted member".
        var (kindName, state) = (column.Split(": ")[0], column.Split(": ")[1]);
        var kind = Enum.Parse<ChannelKind>(kindName, ignoreCase: true);
        var caller = $"caller{++_id}";
        string channel;
        if (kind == ChannelKind.Direct)
        {
            channel = (await node.Messaging.Channels.EnsureDirectAsync(state == "nobody" ? $"other{_id}" : caller, "member", cancel)).Channel;
            if (state == "blocked by the other") await node.Messaging.Users.BlockAsync("member", caller, cancel);
            if (state == "one who blocks the other") await node.Messaging.Users.BlockAsync(caller, "member", cancel);
        }
        else
        {
            channel = $"room{_id}";
            await node.Messaging.Channels.EnsureAsync(channel, kind, owner: "owner", cancellationToken: cancel);
            await node.Messaging.Members.AddAsync(channel, "moderator", ChannelRole.Moderator, cancellationToken: cancel);
            await node.Messaging.Members.AddAsync(channel, "member", cancellationToken: cancel);
            if (Role(state) is { } role) await node.Messaging.Members.AddAsync(channel, caller, role, cancellationToken: cancel);
        }

        foreach (var sender in new[] { caller, "member", "moderator", "owner" }) await node.Messaging.Messages.SendAsync(channel, "x", sender, cancel);
        await node.Messaging.Moderation.ReportAsync(channel, 3, "reporter", cancellationToken: cancel);
        if (state.StartsWith("muted", StringComparison.Ordinal)) await node.Messaging.Moderation.MuteAsync(channel, caller, cancellationToken: cancel);
        if (state == "banned") await node.Messaging.Moderation.BanAsync(channel, caller, cancellationToken: cancel);
        if (state.EndsWith("in a closed one", StringComparison.Ordinal)) await node.Messaging.Channels.UpdateAsync(channel, new ChannelEdit { Closed = true }, cancellationToken: cancel);
        await using var client = await node.ConnectAsync(caller);
        var id = ++_id;
        var reply = await client.RequestAsync(
            $$"""{"id":{{id}},"channel":"{{channel}}",{{request.Replace("ID", Guid.NewGuid().ToString(), StringComparison.Ordinal)}}}""", id);
        return reply.TryGetProperty("code", out JsonElement code) ? code.GetString()!.Replace('_', ' ') : "yes";
    }

    private static ChannelRole? Role(string state) =>
        state.Contains("owner", StringComparison.Ordinal) ? ChannelRole.Owner
        : state.Contains("moderator", StringComparison.Ordinal) ? ChannelRole.Moderator
        : state.Contains("member", StringComparison.Ordinal) ? ChannelRole.Member : null;
}
