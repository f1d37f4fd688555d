using System.Text;

namespace RealtimeKit.Protocol;

/// <summary>
/// The rule for names of users: 1 to 128 printable ASCII characters (U+0020 to U+007E), neither the first nor the last a space.
/// The ids of identity providers keep it: <c>auth0|5f7c</c>, <c>ann+tag@example.com</c>, <c>CORP\ann</c>, <c>CN=Ann Lee,O=x</c>.
/// </summary>
public static class UserNames
{
    /// <summary>The rule in words, for messages.</summary>
    internal const string Rule = "1 to 128 printable ASCII characters, neither the first nor the last a space";

    private const char First = ' ';
    private const char Last = '~';

    /// <summary>Whether <paramref name="value"/> may name a user. Case matters: <c>Bob</c> is not <c>bob</c>.</summary>
    public static bool IsValid(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= ProtocolConstants.MaxIdentifierLength && value[0] != ' ' && value[^1] != ' '
        && !value.ContainsAnyExceptInRange(First, Last);

    /// <summary>Returns <paramref name="value"/> where it is valid.</summary>
    /// <exception cref="ArgumentException">It is not; the text says what is allowed.</exception>
    public static string Require(string value, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(value, parameterName);
        return IsValid(value)
            ? value
            : throw new ArgumentException($"'{Printable(value)}' cannot name a user: use {Rule}.", parameterName);
    }

    /// <summary>A text that may be no name, for a line of a log: cut, and without what could end the line.</summary>
    internal static string Printable(string value)
    {
        var text = new StringBuilder();
        foreach (var character in value.AsSpan(0, Math.Min(value.Length, ProtocolConstants.MaxIdentifierLength)))
        {
            if (character is >= First and <= Last) text.Append(character);
            else text.Append("\\u").Append(((int)character).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
        }

        return value.Length > ProtocolConstants.MaxIdentifierLength ? text.Append("...").ToString() : text.ToString();
    }
}
