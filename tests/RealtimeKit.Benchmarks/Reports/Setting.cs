using System.Globalization;
using System.Runtime.InteropServices;

namespace RealtimeKit.Benchmarks.Reports;

/// <summary>On what a table was measured.</summary>
internal static class Setting
{
    public static string Describe()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(x => x.StartsWith("model name", StringComparison.Ordinal));
        return string.Create(CultureInfo.InvariantCulture,
            $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {model?.Split(':')[1].Trim()}, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}.{Environment.NewLine}");
    }
}
