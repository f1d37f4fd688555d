using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RealtimeKit.Servers;

/// <summary>
/// What SQLite does for the connections to one file, as it counts itself: the pages that its statements touch and the steps of its virtual
/// machine. Counts connections that are opened after <see cref="Begin"/>.
/// </summary>
public static unsafe partial class SqliteMeter
{
    private const string Library = "e_sqlite3";
    private const int CacheHit = 7, CacheMiss = 8;
    private const uint TraceProfile = 2, TraceClose = 8;
    private const int VirtualMachineSteps = 4;

    private static readonly ConcurrentDictionary<nint, Connection> Open = new();
    private static readonly Lock Gate = new();
    private static bool _begun;

    /// <summary>Counts for every connection of this process that is opened from now on.</summary>
    public static void Begin()
    {
        lock (Gate)
        {
            if (_begun) return;
            _begun = true;
            if (sqlite3_auto_extension(&Opened) != 0) throw new InvalidOperationException("SQLite takes no extension.");
        }
    }

    /// <summary>What the open connections to a file have touched so far.</summary>
    /// <param name="file">The whole path of the file.</param>
    public static (long Pages, long Steps) Read(string file)
    {
        var (pages, steps) = (0L, 0L);
        lock (Gate)
        {
            foreach (var (handle, connection) in Open.Where(one => one.Value.File == file))
            {
                pages += Status(handle, CacheHit) + Status(handle, CacheMiss);
                steps += Interlocked.Read(ref connection.Steps);
            }
        }

        return (pages, steps);
    }

    private static int Status(nint handle, int what) => sqlite3_db_status(handle, what, out var now, out _, 0) == 0 ? now : 0;

    [UnmanagedCallersOnly]
    private static int Opened(nint handle, nint error, nint functions)
    {
        Open[handle] = new Connection(Marshal.PtrToStringUTF8(sqlite3_db_filename(handle, "main")) ?? "");
        _ = sqlite3_trace_v2(handle, TraceProfile | TraceClose, &Ended, handle);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Ended(uint kind, nint handle, nint statement, nint nanoseconds)
    {
        if (kind == TraceClose)
        {
            // The handle ends with this call, and whoever reads holds it.
            lock (Gate) Open.TryRemove(handle, out _);
            return 0;
        }

        if (Open.TryGetValue(handle, out var connection)) Interlocked.Add(ref connection.Steps, sqlite3_stmt_status(statement, VirtualMachineSteps, 1));
        return 0;
    }

    [LibraryImport(Library)]
    private static partial int sqlite3_auto_extension(delegate* unmanaged<nint, nint, nint, int> entry);

    [LibraryImport(Library)]
    private static partial int sqlite3_db_status(nint database, int what, out int now, out int highest, int reset);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint sqlite3_db_filename(nint database, string name);

    [LibraryImport(Library)]
    private static partial int sqlite3_trace_v2(nint database, uint mask, delegate* unmanaged<uint, nint, nint, nint, int> callback, nint context);

    [LibraryImport(Library)]
    private static partial int sqlite3_stmt_status(nint statement, int what, int reset);

    private sealed class Connection(string file)
    {
        public long Steps;

        public string File => file;
    }
}
