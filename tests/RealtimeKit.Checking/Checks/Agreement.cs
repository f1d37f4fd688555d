using System.Collections.Concurrent;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Checks;

/// <summary>
/// A place in a channel is one and the same message for everybody, and a version one and the same state of it: for every
/// client, node and time. Each thing that is told is compared with the first that was told of its place.
/// </summary>
internal sealed class Agreement(Findings findings)
{
    private readonly ConcurrentDictionary<string, ChannelAgreement> _channels = new(StringComparer.Ordinal);

    /// <summary>Notes a whole message that a reader was shown.</summary>
    public void Note(string channel, Stamp stamp, string who) => Of(channel).Note(stamp, who);

    /// <summary>Notes the reactions that an event brought.</summary>
    public void NoteReactions(string channel, long sequence, long version, ulong reactions, string who) =>
        Of(channel).Note(new Stamp(sequence, version, default, 0, reactions), who);

    /// <summary>Notes where a sender was told that its message stands.</summary>
    public void NotePlace(string channel, long sequence, Guid id, string who) => Of(channel).NotePlace(sequence, id, who);

    /// <summary>Every place that anybody was shown or told.</summary>
    public IReadOnlyList<(long Sequence, Guid Id, string Who)> Places(string channel) => Of(channel).Places();

    private ChannelAgreement Of(string channel) => _channels.GetOrAdd(channel, name => new ChannelAgreement(name, findings));

    private sealed class ChannelAgreement(string channel, Findings findings)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<long, (Guid Id, string Who)> _places = [];
        private readonly Dictionary<long, (Stamp Stamp, string Who)> _states = [];

        public void Note(Stamp stamp, string who)
        {
            if (stamp.Id != default) NotePlace(stamp.Sequence, stamp.Id, who);
            findings.Count(Check.Agreement);
            lock (_gate)
            {
                if (!_states.TryGetValue(stamp.Version, out var first))
                {
                    _states[stamp.Version] = (stamp, who);
                    return;
                }

                var agree = first.Stamp.Sequence == stamp.Sequence && first.Stamp.Reactions == stamp.Reactions
                    && (first.Stamp.Body == stamp.Body || first.Stamp.Body == 0 || stamp.Body == 0);
                if (!agree) findings.Violate(Check.Agreement, $"{channel} version {stamp.Version}: {first.Who} was told {first.Stamp}, {who} {stamp}");
                else if (first.Stamp.Body == 0 && stamp.Body != 0) _states[stamp.Version] = (stamp, who);
            }
        }

        public void NotePlace(long sequence, Guid id, string who)
        {
            findings.Count(Check.Agreement);
            lock (_gate)
            {
                if (!_places.TryGetValue(sequence, out var first)) _places[sequence] = (id, who);
                else if (first.Id != id) findings.Violate(Check.Agreement, $"{channel} {sequence}: {first.Who} was told {first.Id}, {who} {id}");
            }
        }

        public IReadOnlyList<(long Sequence, Guid Id, string Who)> Places()
        {
            lock (_gate) return [.. _places.Select(place => (place.Key, place.Value.Id, place.Value.Who))];
        }
    }
}
