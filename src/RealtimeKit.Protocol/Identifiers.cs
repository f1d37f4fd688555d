using System.Buffers;

namespace RealtimeKit.Protocol;

/// <summary>The rule for names of channels: 1 to 128 ASCII letters, digits and <c>-_.:@</c>. Names of users are wider: <see cref="UserNames"/>.</summary>
public static class Identifiers
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:@");

    /// <summary>Whether <paramref name="value"/> may name a channel. Case matters: <c>Lobby</c> is not <c>lobby</c>.</summary>
    public static bool IsValid(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= ProtocolConstants.MaxIdentifierLength && !value.ContainsAnyExcept(Allowed);

    /// <summary>Returns <paramref name="value"/> where it is valid.</summary>
    /// <exception cref="ArgumentException">It is not; the text says what is allowed.</exception>
    public static string Require(string value, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(value, parameterName);
        return IsValid(value)
            ? value
            : throw new ArgumentException(
                $"'{value}' cannot name a channel: use 1 to {ProtocolConstants.MaxIdentifierLength} ASCII letters, digits or any of - _ . : @",
                parameterName);
    }
}
