namespace RealtimeKit.Client;

/// <summary>A request failed: the server refused it, or the client could not see it through.</summary>
public sealed class RealtimeException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="code">One of <see cref="Protocol.ErrorCodes"/> or <see cref="ClientErrorCodes"/>.</param>
    /// <param name="message">A sentence for developers.</param>
    /// <param name="retryAfter">When to try again, if the server said.</param>
    /// <param name="innerException">The cause, if any.</param>
    public RealtimeException(string code, string message, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base($"{code}: {message}", innerException)
    {
        Code = code;
        RetryAfter = retryAfter;
    }

    /// <summary>Why: one of <see cref="Protocol.ErrorCodes"/> from the server or <see cref="ClientErrorCodes"/> from the client.</summary>
    public string Code { get; }

    /// <summary>How long the server asks to wait before the same request; <see langword="null"/> where it did not say.</summary>
    public TimeSpan? RetryAfter { get; }

    internal static RealtimeException From(Protocol.ErrorFrame error) => new(error.Code, error.Message, error.RetryAfter);
}
