using System.Collections.Concurrent;
using RabbitMQ.Client;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>
/// The sockets of one connection. The library may wait for minutes for a peer that is gone without a close; closing the
/// socket under it ends every such wait.
/// </summary>
internal sealed class Sockets : IDisposable
{
    private readonly ConcurrentBag<ITcpClient> _clients = [];

    public ITcpClient Keep(ITcpClient client)
    {
        _clients.Add(client);
        return client;
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Close();
    }
}
