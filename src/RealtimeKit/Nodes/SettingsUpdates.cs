using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>Changes the settings of channels, and sends them to sessions, nodes and subscribers.</summary>
internal sealed class SettingsUpdates(IChannelStore channels, AccessNotices access, Distributor distributor, Audit audit)
{
    /// <summary>Applies a change; the channel's subscribers receive the settings as they then are.</summary>
    public async ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken)
    {
        SettingsResult result;
        try
        {
            result = await channels.UpdateAsync(change, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // The answer was lost; the change may have been made.
            access.RecheckAll();
            throw;
        }

        if (result.Outcome == SettingsOutcome.Changed)
        {
            access.Changed(change.Channel, null, null);
            distributor.SendSettings(change.Channel, result.Settings);
            audit.Acted(change.Channel, result.Action);
        }

        return result;
    }
}
