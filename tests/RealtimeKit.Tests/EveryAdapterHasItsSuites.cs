using System.Reflection;
using FluentAssertions;
using RealtimeKit.Brokers;
using Xunit;

namespace RealtimeKit.Tests;

/// <summary>An adapter that leaves a conformance suite out is found here.</summary>
public sealed class EveryAdapterHasItsSuites
{
    private static readonly Dictionary<string, string> Suites = new(StringComparer.Ordinal)
    {
        ["IMessageStore"] = "MessageStoreConformance",
        ["IChannelStore"] = "ChannelStoreConformance",
        ["IFileRecords"] = "FileRecordsConformance",
        ["IFileStore"] = "FileStoreConformance",
        ["IMessageSearch"] = "MessageSearchConformance",
        ["IInboxStore"] = "InboxStoreConformance",
        ["IMessageBroker"] = "MessageBrokerConformance",
        ["ITransportConnection"] = "TransportConformance",
    };

    [Fact]
    public void Every_package_is_known_to_the_tests()
    {
        var folders = new DirectoryInfo(Path.Combine(Repository(), "src")).GetDirectories("RealtimeKit*")
            .Where(folder => folder.GetFiles("*.csproj").Length > 0 && folder.Name != "RealtimeKit.Client").Select(folder => folder.Name);
        Packages().Select(package => package.GetName().Name).Should().Contain(folders, "an adapter that the tests do not refer to is not tested");
    }

    [Fact]
    public void Every_adapter_has_every_suite_of_its_contracts()
    {
        var adapters = Packages().SelectMany(package => package.GetTypes())
            .Where(type => type is { IsClass: true, IsAbstract: false })
            .SelectMany(type => Suites.Keys.Where(contract => type.GetInterfaces().Any(one => one.Name == contract)).Select(contract => (type, contract)))
            .ToList();

        adapters.Should().HaveCountGreaterThanOrEqualTo(5);
        foreach (var (adapter, contract) in adapters) MissingSuite(adapter, contract).Should().BeNull();
    }

    [Fact]
    public void Adapter_without_a_suite_is_found() =>
        MissingSuite(typeof(Untested), "IMessageBroker").Should().Contain("MessageBrokerConformance");

    // A suite says by an attribute which adapter it is for: its name alone would not hold.
    private static string? MissingSuite(Type adapter, string contract)
    {
        var isThere = typeof(EveryAdapterHasItsSuites).Assembly.GetTypes().Any(type =>
            type is { IsAbstract: false } && Bases(type).Any(one => one.Name == Suites[contract])
            && type.GetCustomAttributes<ConformanceOfAttribute>().Any(attribute => attribute.Adapter == adapter));
        return isThere ? null : $"{adapter} implements {contract}, and no test class derived from {Suites[contract]} bears [ConformanceOf(typeof({adapter.Name}))].";
    }

    private static IEnumerable<Type> Bases(Type type)
    {
        for (var one = type.BaseType; one is not null; one = one.BaseType) yield return one;
    }

    private static IEnumerable<Assembly> Packages() =>
        Directory.GetFiles(AppContext.BaseDirectory, "RealtimeKit*.dll")
            .Where(path => !Path.GetFileNameWithoutExtension(path).EndsWith(".Tests", StringComparison.Ordinal))
            .Select(path => Assembly.Load(Path.GetFileNameWithoutExtension(path)));

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RealtimeKit.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    private abstract class Untested : IMessageBroker
    {
        public abstract ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken);

        public abstract void Publish(string channel, ReadOnlySpan<byte> payload);

        public abstract ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken);

        public abstract ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken);
    }
}
