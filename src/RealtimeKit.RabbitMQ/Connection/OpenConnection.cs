using RabbitMQ.Client;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>A connection of the library and the sockets under it.</summary>
internal readonly record struct OpenConnection(IConnection Connection, Sockets Sockets);
