namespace RealtimeKit.Packages.Tests;

/// <summary>Two people chat while the server is killed and started again.</summary>
internal static class Conversation
{
    public static async Task HoldAsync(string[] serverProgram, string[] clientProgram)
    {
        await using var server = await AppServer.CreateAsync(serverProgram);
        await using var ann = Person.Join(clientProgram, server.Endpoint, "ann");
        await ann.SaysAsync("Hello");
        await ann.ReadsAsync("1 ann: Hello");

        await using var bob = Person.Join(clientProgram, server.Endpoint, "bob");
        await bob.ReadsAsync("1 ann: Hello");
        await bob.SaysAsync("Hi Ann");
        await ann.ReadsAsync("2 bob: Hi Ann");
        await bob.ReadsAsync("2 bob: Hi Ann");

        await server.KillAsync();
        await ann.SaysAsync("Still there?");
        await server.StartAsync();
        await ann.ReadsAsync("3 ann: Still there?");
        await bob.ReadsAsync("3 ann: Still there?");
        await ann.LeavesAsync();
        await bob.LeavesAsync();
    }
}
