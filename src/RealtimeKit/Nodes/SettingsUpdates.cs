using RealtimeKit.Delivery;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>Changes the settings of channels, and sends them to sessions, nodes and subscribers.</summary>
internal sealed class SettingsUpdates(IChannelStore channels, AccessNotices access, Distributor distributor)
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
            // Names and data give and take no rights.
            if (change.Closed is not null || change.SlowMode is not null) access.Changed(change.Channel, null, null);
            distributor.SendSettings(change.Channel, result.Settings);
        }

        return result;
    }
}
