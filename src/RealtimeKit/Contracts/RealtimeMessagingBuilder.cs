using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace RealtimeKit;

/// <summary>Where the packages add their part: a store, a transport, a broker, the host's own rules.</summary>
/// <param name="services">The host's services.</param>
public sealed class RealtimeMessagingBuilder(IServiceCollection services)
{
    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; } = services;

    /// <summary>Replaces how a sign-in is turned into a user.</summary>
    /// <typeparam name="T">The implementation: the instance that the host registered as <typeparamref name="T"/>, or else one that is made and registered; it serves all connections.</typeparam>
    public RealtimeMessagingBuilder UseAuthenticator<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IAuthenticator
    {
        Services.TryAddSingleton<T>();
        return UseAuthenticator(static provider => provider.GetRequiredService<T>());
    }

    /// <summary>Replaces how a sign-in is turned into a user.</summary>
    /// <param name="authenticator">Gives the instance, once; it serves all connections.</param>
    public RealtimeMessagingBuilder UseAuthenticator(Func<IServiceProvider, IAuthenticator> authenticator)
    {
        Services.AddSingleton(authenticator);
        return this;
    }

    /// <summary>Replaces the authorization rules.</summary>
    /// <typeparam name="T">The implementation: the instance that the host registered as <typeparamref name="T"/>, or else one that is made and registered; it serves all requests.</typeparam>
    public RealtimeMessagingBuilder UseChannelAuthorizer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IChannelAuthorizer
    {
        Services.TryAddSingleton<T>();
        return UseChannelAuthorizer(static provider => provider.GetRequiredService<T>());
    }

    /// <summary>Replaces the authorization rules.</summary>
    /// <param name="authorizer">Gives the instance, once; it serves all requests.</param>
    public RealtimeMessagingBuilder UseChannelAuthorizer(Func<IServiceProvider, IChannelAuthorizer> authorizer)
    {
        Services.AddSingleton(authorizer);
        return this;
    }

    /// <summary>Names who knows what is shown of users.</summary>
    /// <typeparam name="T">The implementation: the instance that the host registered as <typeparamref name="T"/>, or else one that is made and registered; it serves all connections.</typeparam>
    public RealtimeMessagingBuilder UseUserDirectory<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IUserDirectory
    {
        Services.TryAddSingleton<T>();
        return UseUserDirectory(static provider => provider.GetRequiredService<T>());
    }

    /// <summary>Names who knows what is shown of users.</summary>
    /// <param name="directory">Gives the instance, once; it serves all connections.</param>
    public RealtimeMessagingBuilder UseUserDirectory(Func<IServiceProvider, IUserDirectory> directory)
    {
        Services.AddSingleton(directory);
        return this;
    }

    /// <summary>Adds one that looks at what clients send before others see it; they are asked in the order in which they were added.</summary>
    /// <typeparam name="T">The implementation: the instance that the host registered as <typeparamref name="T"/>, or else one that is made and registered; it serves all that is sent.</typeparam>
    public RealtimeMessagingBuilder AddMessageInterceptor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IMessageInterceptor
    {
        Services.TryAddSingleton<T>();
        return AddMessageInterceptor(static provider => provider.GetRequiredService<T>());
    }

    /// <summary>Adds one that looks at what clients send before others see it; they are asked in the order in which they were added.</summary>
    /// <param name="interceptor">Gives the instance, once; it serves all that is sent.</param>
    public RealtimeMessagingBuilder AddMessageInterceptor(Func<IServiceProvider, IMessageInterceptor> interceptor)
    {
        Services.AddSingleton(interceptor);
        return this;
    }

    /// <summary>Adds an observer of changes after they are durable; observers are called in the order in which they were added.</summary>
    /// <typeparam name="T">The implementation: the instance that the host registered as <typeparamref name="T"/>, or else one that is made and registered; it is called for all changes.</typeparam>
    public RealtimeMessagingBuilder AddMessageObserver<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>()
        where T : class, IMessageObserver
    {
        Services.TryAddSingleton<T>();
        return AddMessageObserver(static provider => provider.GetRequiredService<T>());
    }

    /// <summary>Adds an observer of changes after they are durable; observers are called in the order in which they were added.</summary>
    /// <param name="observer">Gives the instance, once; it is called for all changes.</param>
    public RealtimeMessagingBuilder AddMessageObserver(Func<IServiceProvider, IMessageObserver> observer)
    {
        Services.AddSingleton(observer);
        return this;
    }

    /// <summary>Adds a sink of what an audit asks for, in place of the log.</summary>
    /// <typeparam name="T">The implementation: the instance that the host registered as <typeparamref name="T"/>, or else one that is made and registered; it receives all events of the node.</typeparam>
    public RealtimeMessagingBuilder AddAuditSink<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() where T : class, IAuditSink
    {
        Services.TryAddSingleton<T>();
        return AddAuditSink(static provider => provider.GetRequiredService<T>());
    }

    /// <summary>Adds a sink of what an audit asks for, in place of the log.</summary>
    /// <param name="sink">Gives the instance, once; it receives all events of the node.</param>
    public RealtimeMessagingBuilder AddAuditSink(Func<IServiceProvider, IAuditSink> sink)
    {
        Services.AddSingleton(sink);
        return this;
    }
}
