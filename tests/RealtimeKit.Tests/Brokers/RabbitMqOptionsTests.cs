using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RealtimeKit.RabbitMQ;
using RealtimeKit.RabbitMQ.Settings;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>Wrong options stop the start, in words that tell what to do and no password.</summary>
public sealed class RabbitMqOptionsTests
{
    [Theory]
    [InlineData("amqp://u:secret@host", "amqp://host:5672/", "u", "secret", "/")]
    [InlineData("amqp://host/", "amqp://host:5672/", "guest", "guest", "/")]
    [InlineData("amqps://u:p%40ss%2Fsecret@host/vhost", "amqps://host:5671/vhost", "u", "p@ss/secret", "vhost")]
    [InlineData("amqps://u:a:secret@host:1234/team%2Fchat", "amqps://host:1234/team/chat", "u", "a:secret", "team/chat")]
    [InlineData("amqp://[::1]:7/%2f", "amqp://[::1]:7/", "guest", "guest", "/")]
    public void Addresses_are_read_and_shown_without_the_password(string uri, string shown, string user, string password, string virtualHost)
    {
        BrokerAddress.TryParse(uri, out var address, out _).Should().BeTrue();
        address!.ToString().Should().Be(shown);
        (address.User, address.Password, address.VirtualHost).Should().Be((user, password, virtualHost));
    }

    [Theory]
    [InlineData("", "no address such as")]
    [InlineData("u:secret@host", "no address such as")]
    [InlineData("http://u:secret@host", "no address such as")]
    [InlineData("amqp://u:se/cret@host:5672/secret", "no address such as")]
    [InlineData("amqp://u:secret@host/a/b", "%2f")]
    [InlineData("amqp://u:secret@host/a?heartbeat=3", "query")]
    public async Task Wrong_addresses_stop_the_start_and_are_not_repeated(string uri, string told)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRealtimeMessaging().UseInMemoryStore().UseRabbitMqBroker(uri);
        using var host = builder.Build();
        var failure = (await host.Awaiting(one => one.StartAsync(TestContext.Current.CancellationToken)).Should().ThrowAsync<OptionsValidationException>()).Which;
        failure.Message.Should().Contain("endpoint 1").And.Contain(told).And.NotContain("cret");
    }

    [Fact]
    public void Several_addresses_may_stand_in_one_text()
    {
        new RabbitMqEndpoint("amqp://u:p,w@one, amqps://two:1", "amqp://three").Uris.Should().Equal("amqp://u:p,w@one", "amqps://two:1", "amqp://three");
    }

    [Fact]
    public void Every_limit_is_checked()
    {
        var options = new RabbitMqBrokerOptions
        {
            Exchange = "amq.direct", Partitions = 0, Heartbeat = TimeSpan.Zero, Timeout = TimeSpan.FromHours(1), MaxReconnectDelay = TimeSpan.Zero,
            PublishQueueLength = 0, PublishQueueBytes = 0, MaxUnconfirmed = 0, QueueLength = 0, QueueBytes = 0, Prefetch = 0,
        };
        var failures = new RabbitMqBrokerOptionsValidator().Validate(null, options).Failures!.ToList();
        failures.Should().HaveCount(12);
        foreach (var property in typeof(RabbitMqBrokerOptions).GetProperties().Where(property => property.Name is not ("CertificateAuthorities" or "ClientCertificates")))
            failures.Should().Contain(failure => failure.Contains($"RabbitMqBrokerOptions.{property.Name} "));
    }
}
