using System.Globalization;

namespace RealtimeKit.Samples;

/// <summary>What the system knows of a process, this program's own child or not.</summary>
internal static class ProcessTable
{
    /// <summary>The `dotnet run` that started this program; null where something else did.</summary>
    public static int? DotnetRun()
    {
        var status = File.ReadAllText("/proc/self/stat");
        var parent = int.Parse(status[(status.LastIndexOf(')') + 4)..].Split(' ')[0], CultureInfo.InvariantCulture);
        return File.ReadAllText($"/proc/{parent}/comm").Trim() == "dotnet" ? parent : null;
    }

    /// <summary>Whether it runs. One that has ended and that its parent has not looked at yet does not.</summary>
    public static bool IsAlive(int process)
    {
        try
        {
            // "pid (name) state …"; the name may have spaces and parentheses of its own.
            var status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return status[status.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
