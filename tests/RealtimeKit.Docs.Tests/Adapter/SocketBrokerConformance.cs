using System.Net;
using System.Net.Sockets;
using RealtimeKit.Brokers;
using RealtimeKit.Testing;

namespace RealtimeKit.Docs.Adapter;

/// <summary>The broker over a Unix domain socket is one.</summary>
public sealed class UnixSocketBrokerTests : SocketBrokerConformance
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realtimekit-docs-");

    protected override EndPoint Address => new UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, "relay"));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>So is the one over TCP.</summary>
public sealed class TcpBrokerTests : SocketBrokerConformance
{
    protected override EndPoint Address => new IPEndPoint(IPAddress.Loopback, 0);
}

public abstract class SocketBrokerConformance : MessageBrokerConformance
{
    private SocketRelay? _relay;

    protected abstract EndPoint Address { get; }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_relay is not null) await _relay.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override ValueTask<IMessageBroker> CreateAsync()
    {
        _relay ??= new SocketRelay(Address);
        return ValueTask.FromResult<IMessageBroker>(new SocketBroker(_relay.Address, TimeProvider.System));
    }

    protected override ValueTask InterruptAsync()
    {
        _relay!.BreakAll();
        return ValueTask.CompletedTask;
    }
}
