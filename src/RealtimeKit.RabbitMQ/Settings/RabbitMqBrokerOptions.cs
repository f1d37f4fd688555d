using System.Security.Cryptography.X509Certificates;

namespace RealtimeKit.RabbitMQ;

/// <summary>How a node uses RabbitMQ. Validated when the host starts.</summary>
/// <remarks>
/// All nodes must agree on <see cref="Exchange"/>, <see cref="Partitions"/> and the number and order of
/// <see cref="Endpoints"/>: nodes that differ do not receive each other's notices, and read changes from the store, later.
/// </remarks>
public sealed class RabbitMqBrokerOptions
{
    /// <summary>
    /// The brokers, among which the partitions are divided. One is enough; several independent ones carry more, and one that is
    /// down leaves the others' partitions fast. At least one is required. Default: none.
    /// </summary>
    public IList<RabbitMqEndpoint> Endpoints { get; } = [];

    /// <summary>
    /// The name of the direct exchange that the nodes of one application share; the names of the nodes' queues begin with it.
    /// Two applications on one virtual host need two names. Default: <c>realtimekit</c>; from 1 to 100 bytes.
    /// </summary>
    public string Exchange { get; set; } = "realtimekit";

    /// <summary>
    /// Over how many routing keys the channels are spread. A node has a binding for each partition in which it serves a
    /// channel, and is sent what is published to all channels of it. Default: 256; from 1 to 65,536.
    /// </summary>
    public int Partitions { get; set; } = 256;

    /// <summary>
    /// The AMQP heartbeat: after how long a silence either side asks for an answer; a connection that is silent for two of these is lost.
    /// Default: 5 seconds; from 1 second to 10 minutes, in whole seconds.
    /// </summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the broker may take to let a connection in, to answer a request or to confirm a publication, before the
    /// connection counts as lost. Also the longest that a subscription waits for the broker, and what flushing at the end may
    /// take. Default: 5 seconds; from 100 milliseconds to 1 minute.
    /// </summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest pause between two attempts to connect; the first is 100 milliseconds and each next one twice as long.
    /// Default: 5 seconds; from 100 milliseconds to 1 minute.
    /// </summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many publications may wait to be sent to one endpoint; further ones are dropped, and the other nodes read the changes
    /// from the store. Default: 16,384; from 1 to 1,000,000.
    /// </summary>
    public int PublishQueueLength { get; set; } = 16_384;

    /// <summary>How many bytes of publications may wait to be sent to one endpoint. Default: 32 MiB; from 1 MiB to 1 GiB.</summary>
    public long PublishQueueBytes { get; set; } = 32 << 20;

    /// <summary>
    /// How many publications may be sent and not yet confirmed. More carry more where the broker is far away, and make
    /// latency worse where it is overloaded. Default: 256; from 1 to 10,000.
    /// </summary>
    public int MaxUnconfirmed { get; set; } = 256;

    /// <summary>
    /// How many messages wait in the node's queue at the broker while the node is too slow; the oldest are dropped first, and the node
    /// reads the changes from the store. Default: 65,536; from 100 to 10,000,000.
    /// </summary>
    public int QueueLength { get; set; } = 65_536;

    /// <summary>How many bytes of messages wait in the node's queue at the broker. Default: 64 MiB; from 1 MiB to 10 GiB.</summary>
    public long QueueBytes { get; set; } = 64 << 20;

    /// <summary>How many messages the broker sends ahead to this node. Default: 1,000; from 10 to 65,535.</summary>
    public int Prefetch { get; set; } = 1_000;

    /// <summary>
    /// For <c>amqps</c>: the authorities whose servers are trusted, with those between them and the server where it does not send them.
    /// Empty (the default): those that the system trusts. The host's name is checked in either case.
    /// </summary>
    public X509Certificate2Collection CertificateAuthorities { get; } = [];

    /// <summary>
    /// For <c>amqps</c>: certificates with private keys by which the node shows the server who it is, where the server asks.
    /// Default: none. They must live as long as the broker.
    /// </summary>
    public X509Certificate2Collection ClientCertificates { get; } = [];
}
