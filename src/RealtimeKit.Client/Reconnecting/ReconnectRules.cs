using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Decides, after a connection ended, whether and when the next attempt comes.</summary>
internal sealed class ReconnectRules(Backoff backoff, bool hasTokenProvider)
{
    /// <summary>A connection that ends sooner than this counts as another failed attempt, so that the waits go on growing.</summary>
    public static readonly TimeSpan Stable = TimeSpan.FromSeconds(5);

    private bool _askedAgain;

    /// <summary>The wait before the next attempt, or nothing where there must be none.</summary>
    public TimeSpan? After(ConnectionEnd end)
    {
        if (end.Lived is { } lived)
        {
            _askedAgain = false;
            if (lived >= Stable) backoff.Reset();
        }

        if (end.IsFinal) return null;
        switch (end.Code)
        {
            case CloseCode.Normal or CloseCode.Malformed or CloseCode.Disconnected:
                return null;
            case CloseCode.Unauthenticated when !hasTokenProvider || _askedAgain:
                return null;
            case CloseCode.Unauthenticated:
                _askedAgain = true;
                return backoff.Next();
            default:
                return end.ComeBackIn ?? backoff.Next();
        }
    }
}
