using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>A change of what a member has set for itself in a channel.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The member.</param>
/// <param name="Preferences">What to set.</param>
public sealed record PreferenceChange(string Channel, string User, ChannelPreferences Preferences)
{
    /// <summary>Decides on the change. A pure function, which a store calls inside its transaction with what it found.</summary>
    /// <param name="isThere">Whether the channel exists.</param>
    /// <param name="found">What the member has set; <see langword="null"/> where the user is no member.</param>
    /// <param name="sequence">The channel's last sequence.</param>
    public PreferenceResult Decide(bool isThere, MemberPreferences? found, long sequence)
    {
        if (!isThere) return new PreferenceResult(PreferenceOutcome.NoChannel);
        if (found is not { } before) return new PreferenceResult(PreferenceOutcome.NoMember);
        var hidden = Preferences.Hidden ?? before.IsHiddenAt(sequence);
        var after = new MemberPreferences(
            Preferences.Notify ?? before.Notify, Preferences.Pinned ?? before.Pinned, hidden == before.IsHiddenAt(sequence) ? before.HiddenAt : hidden ? sequence : null);
        return new PreferenceResult(after == before ? PreferenceOutcome.Unchanged : PreferenceOutcome.Changed, after);
    }
}

/// <summary>What a member has set for itself, as a store keeps it with the membership.</summary>
/// <param name="Notify">Of what to be notified.</param>
/// <param name="Pinned">Whether the channel is pinned.</param>
/// <param name="HiddenAt">
/// The channel's last sequence when it was hidden; <see langword="null"/> where it was not. A later message ends it without a write.
/// </param>
public readonly record struct MemberPreferences(ChannelNotify Notify = ChannelNotify.All, bool Pinned = false, long? HiddenAt = null)
{
    /// <summary>Whether the channel is hidden while this is its last sequence.</summary>
    public bool IsHiddenAt(long sequence) => HiddenAt >= sequence;
}

/// <summary>What became of a change of preferences.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Preferences">The preferences after it. To be written where the outcome is <see cref="PreferenceOutcome.Changed"/>.</param>
public readonly record struct PreferenceResult(PreferenceOutcome Outcome, MemberPreferences Preferences = default);

/// <summary>What may become of a change of preferences.</summary>
public enum PreferenceOutcome
{
    /// <summary>They changed.</summary>
    Changed,

    /// <summary>They were so already.</summary>
    Unchanged,

    /// <summary>The user is no member.</summary>
    NoMember,

    /// <summary>The channel does not exist.</summary>
    NoChannel,
}
