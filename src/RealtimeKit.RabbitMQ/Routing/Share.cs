namespace RealtimeKit.RabbitMQ.Routing;

/// <summary>Which partitions are one broker's, where several divide them: every <c>count</c>-th.</summary>
internal readonly record struct Share(int Index, int Count)
{
    public IEnumerable<int> Of(Partitions partitions)
    {
        for (var partition = Index; partition < partitions.Count; partition += Count) yield return partition;
    }
}
