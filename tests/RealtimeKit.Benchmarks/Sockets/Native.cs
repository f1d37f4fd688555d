using System.Runtime.InteropServices;

namespace RealtimeKit.Benchmarks.Sockets;

/// <summary>
/// The few functions of libc that the load client lives on. Thousands of sockets on one thread with one system call per
/// batch of bytes cost a fraction of what the asynchronous sockets of .NET do, so that the server is what is measured.
/// </summary>
internal static unsafe partial class Native
{
    public const int Again = 11;
    public const int Interrupted = 4;
    public const int InProgress = 115;

    public const uint Readable = 0x001;
    public const uint Writable = 0x004;

    public const int Add = 1;
    public const int Modify = 3;

    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NoSignal = 0x4000;

    /// <summary>An epoll_event is packed on x64 and aligned elsewhere.</summary>
    public static int EventSize => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    public static int EventDataOffset => EventSize - 8;

    public static int CreateEpoll() => Checked(epoll_create1(CloseOnExec), "epoll_create1");

    public static void Control(int epoll, int operation, int fd, uint events, int data)
    {
        Span<byte> item = stackalloc byte[16];
        MemoryMarshal.Write(item, in events);
        MemoryMarshal.Write(item[EventDataOffset..], in data);
        fixed (byte* p = item)
            Checked(epoll_ctl(epoll, operation, fd, p), "epoll_ctl");
    }

    public static int Wait(int epoll, Span<byte> events, int milliseconds)
    {
        fixed (byte* p = events)
        {
            var count = epoll_wait(epoll, p, events.Length / EventSize, milliseconds);
            return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Checked(count, "epoll_wait");
        }
    }

    /// <summary>
    /// A socket on its way to 127.0.0.1:<paramref name="port"/>. The last byte of its own address is a choice, since one
    /// address has some 28,000 ports to leave from.
    /// </summary>
    public static int Connect(int port, byte from)
    {
        const int TcpNoDelay = 1, BindAddressNoPort = 24;
        var fd = Checked(socket(2, 1 | NonBlocking | CloseOnExec, 0), "socket");
        var one = 1;
        Checked(setsockopt(fd, 6, TcpNoDelay, &one, sizeof(int)), "setsockopt");
        Checked(setsockopt(fd, 0, BindAddressNoPort, &one, sizeof(int)), "setsockopt");
        Span<byte> address = [2, 0, 0, 0, 127, 0, 0, from, 0, 0, 0, 0, 0, 0, 0, 0];
        fixed (byte* p = address)
        {
            Checked(bind(fd, p, 16), "bind");
            (address[2], address[3], address[7]) = ((byte)(port >> 8), (byte)port, 1);
            if (connect(fd, p, 16) < 0 && Marshal.GetLastPInvokeError() != InProgress)
                Checked(-1, "connect");
        }

        return fd;
    }

    /// <summary>The number of bytes read, 0 at the end, -1 where there is nothing yet.</summary>
    public static int Receive(int fd, Span<byte> into)
    {
        fixed (byte* p = into)
            return Moved(recv(fd, p, into.Length, 0), "recv");
    }

    /// <summary>The number of bytes taken, -1 where the socket is full.</summary>
    public static int Send(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
            return Moved(send(fd, p, bytes.Length, NoSignal), "send");
    }

    public static void Close(int fd) => _ = close(fd);

    private static int Moved(nint count, string what) =>
        count < 0 && Marshal.GetLastPInvokeError() is Again or Interrupted ? -1 : Checked((int)count, what);

    private static int Checked(int result, string what) => result >= 0
        ? result
        : throw new InvalidOperationException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

#pragma warning disable IDE1006 // The names are libc's.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, byte* item);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, byte* events, int count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int fd, int level, int name, int* value, int size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int fd, byte* address, int size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int fd, byte* address, int size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int fd, byte* into, nint size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int fd, byte* bytes, nint size, int flags);

    [LibraryImport("libc")]
    private static partial int close(int fd);
#pragma warning restore IDE1006
}
