using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;

namespace RealtimeKit;

/// <summary>Where the packages add their part: a store, a transport, a broker, the host's own rules.</summary>
/// <param name="services">The host's services.</param>
public sealed class RealtimeMessagingBuilder(IServiceCollection services)
{
    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; } = services;

    /// <summary>Replaces how a sign-in is turned into a user.</summary>
    /// <typeparam name="T">The implementation; one instance serves all connections.</typeparam>
    public RealtimeMessagingBuilder UseAuthenticator<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IAuthenticator
    {
        Services.AddSingleton<IAuthenticator, T>();
        return this;
    }

    /// <summary>Replaces the rules of who may do what.</summary>
    /// <typeparam name="T">The implementation; one instance serves all requests.</typeparam>
    public RealtimeMessagingBuilder UseChannelAuthorizer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IChannelAuthorizer
    {
        Services.AddSingleton<IChannelAuthorizer, T>();
        return this;
    }

    /// <summary>Adds one that looks at messages before they are stored; they are asked in the order in which they were added.</summary>
    /// <typeparam name="T">The implementation; one instance serves all messages.</typeparam>
    public RealtimeMessagingBuilder AddMessageInterceptor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IMessageInterceptor
    {
        Services.AddSingleton<IMessageInterceptor, T>();
        return this;
    }

    /// <summary>Adds one that is told of changes after they are durable; each is told in turn.</summary>
    /// <typeparam name="T">The implementation; one instance is told of all changes.</typeparam>
    public RealtimeMessagingBuilder AddMessageObserver<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>()
        where T : class, IMessageObserver
    {
        Services.AddSingleton<IMessageObserver, T>();
        return this;
    }
}
