using Microsoft.Data.Sqlite;

namespace OrderDesk;

/// <summary>What somebody ordered, and how far it is.</summary>
public sealed record Order(long Id, string Customer, string Item, int Quantity, string Status, DateTimeOffset Changed)
{
    public static bool IsValid(string? item, int quantity) => item is { Length: > 0 and <= 80 } && quantity is > 0 and < 1_000;
}

/// <summary>The steps of an order, each after the other.</summary>
public static class OrderStatus
{
    public const string Placed = "placed";
    public const string Packed = "packed";
    public const string Shipped = "shipped";
    public const string Delivered = "delivered";

    /// <summary>The step after this one, or none.</summary>
    public static string? After(string status) => status switch
    {
        Placed => Packed,
        Packed => Shipped,
        Shipped => Delivered,
        _ => null,
    };
}

/// <summary>The orders, in a database.</summary>
public sealed class OrderBook(string connectionString, TimeProvider time)
{
    private const string Columns = "id, customer, item, quantity, status, changed";

    public async Task PrepareAsync()
    {
        await using var connection = await OpenAsync();
        await using var create = connection.CreateCommand();
        create.CommandText =
            """
            CREATE TABLE IF NOT EXISTS orders (
                id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, item TEXT NOT NULL, quantity INTEGER NOT NULL,
                status TEXT NOT NULL, changed INTEGER NOT NULL);
            SELECT count(*) FROM orders;
            """;
        if (await create.ExecuteScalarAsync() is not 0L) return;
        await PlaceAsync("ann", "Walnut desk", 1);
        await PlaceAsync("bob", "Reading lamp", 2);
    }

    /// <summary>A customer's orders, or everybody's; the latest first.</summary>
    public Task<List<Order>> ListAsync(string? customer) =>
        ReadAsync("WHERE $customer IS NULL OR customer = $customer ORDER BY id DESC LIMIT 100", ("$customer", customer));

    public async Task<Order?> FindAsync(long id) => (await ReadAsync("WHERE id = $id", ("$id", id))).SingleOrDefault();

    /// <summary>Orders that have been shipped for as long as this.</summary>
    public Task<List<Order>> ShippedSinceAsync(TimeSpan age) =>
        ReadAsync($"WHERE status = '{OrderStatus.Shipped}' AND changed <= $changed", ("$changed", (time.GetUtcNow() - age).ToUnixTimeMilliseconds()));

    public async Task<Order> PlaceAsync(string customer, string item, int quantity)
    {
        await using var connection = await OpenAsync();
        await using var insert = connection.CreateCommand();
        insert.CommandText = $"INSERT INTO orders (customer, item, quantity, status, changed) VALUES ($customer, $item, $quantity, '{OrderStatus.Placed}', $changed) RETURNING id";
        insert.Parameters.AddWithValue("$customer", customer);
        insert.Parameters.AddWithValue("$item", item);
        insert.Parameters.AddWithValue("$quantity", quantity);
        insert.Parameters.AddWithValue("$changed", time.GetUtcNow().ToUnixTimeMilliseconds());
        return (await FindAsync((long)(await insert.ExecuteScalarAsync())!))!;
    }

    /// <summary>Moves an order to the step after the one that it is in.</summary>
    /// <returns>Whether it was in that step's predecessor.</returns>
    public async Task<bool> MoveAsync(Order order, string status)
    {
        if (OrderStatus.After(order.Status) != status) return false;
        await using var connection = await OpenAsync();
        await using var update = connection.CreateCommand();
        update.CommandText = "UPDATE orders SET status = $status, changed = $changed WHERE id = $id AND status = $before";
        update.Parameters.AddWithValue("$status", status);
        update.Parameters.AddWithValue("$changed", time.GetUtcNow().ToUnixTimeMilliseconds());
        update.Parameters.AddWithValue("$id", order.Id);
        update.Parameters.AddWithValue("$before", order.Status);
        return await update.ExecuteNonQueryAsync() == 1;
    }

    private async Task<List<Order>> ReadAsync(string where, (string Name, object? Value) parameter)
    {
        await using var connection = await OpenAsync();
        await using var select = connection.CreateCommand();
        select.CommandText = $"SELECT {Columns} FROM orders {where}";
        select.Parameters.AddWithValue(parameter.Name, parameter.Value ?? DBNull.Value);
        await using var rows = await select.ExecuteReaderAsync();
        var orders = new List<Order>();
        while (await rows.ReadAsync())
        {
            orders.Add(new Order(
                rows.GetInt64(0), rows.GetString(1), rows.GetString(2), rows.GetInt32(3), rows.GetString(4),
                DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(5))));
        }

        return orders;
    }

    private async Task<SqliteConnection> OpenAsync()
    {
        var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync();
        return connection;
    }
}
