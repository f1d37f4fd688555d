namespace RealtimeKit.Tests;

/// <summary>Says which adapter a conformance suite is derived for.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ConformanceOfAttribute(Type adapter) : Attribute
{
    public Type Adapter { get; } = adapter;
}
