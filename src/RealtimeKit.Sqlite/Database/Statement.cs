using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// One prepared statement, used again and again. It stands directly on the native interface: that costs less for
/// each row than ADO.NET's commands and shows every result code. Disposing it ends the use, not the statement.
/// </summary>
internal sealed class Statement(sqlite3 database, sqlite3_stmt handle) : IDisposable
{
    private const int StackBytes = 512;
    private int _parameters;

    public Statement Bind(long value) => Check(raw.sqlite3_bind_int64(handle, ++_parameters, value));

    public Statement Bind(long? value) => value is { } number ? Bind(number) : BindNull();

    public Statement Bind(string? value)
    {
        if (value is null) return BindNull();
        var size = Encoding.UTF8.GetMaxByteCount(value.Length) + 1;
        byte[]? rented = null;
        // Never an empty buffer: the address of nothing would be bound as NULL.
        var buffer = size <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(size);
        BindText(buffer[..Encoding.UTF8.GetBytes(value, buffer)]);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return this;
    }

    /// <summary>Binds text that is UTF-8 already.</summary>
    public Statement BindText(ReadOnlySpan<byte> utf8) => Check(raw.sqlite3_bind_text(handle, ++_parameters, utf8));

    public Statement BindBlob(ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(handle, ++_parameters, value));

    public Statement BindNull() => Check(raw.sqlite3_bind_null(handle, ++_parameters));

    /// <summary>Moves to the next row; false where there is none.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW) return true;
        if (code == raw.SQLITE_DONE) return false;
        throw Failure(code);
    }

    /// <summary>Runs a statement that returns no rows, and ends its use.</summary>
    /// <returns>How many rows it wrote.</returns>
    public int Execute()
    {
        using (this)
        {
            if (Step()) throw new InvalidOperationException("The statement returned a row where none was expected.");
            return raw.sqlite3_changes(database);
        }
    }

    /// <summary>The first column of the first row, or <see langword="null"/>; ends the use.</summary>
    public long? Scalar()
    {
        using (this) return Step() ? NullableInt64(0) : null;
    }

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public long? NullableInt64(int column) => IsNull(column) ? null : Int64(column);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    // The bytes with their length, for text may hold a zero; an empty span for NULL.
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public string? NullableText(int column) => IsNull(column) ? null : Text(column);

    public void Dispose()
    {
        // Its code repeats the error of the last step, which was thrown already.
        _ = raw.sqlite3_reset(handle);
        _ = raw.sqlite3_clear_bindings(handle);
        _parameters = 0;
    }

    private Statement Check(int code) => code == raw.SQLITE_OK ? this : throw Failure(code);

    private SqliteException Failure(int code) =>
        new(raw.sqlite3_errmsg(database).utf8_to_string(), code & 0xFF, raw.sqlite3_extended_errcode(database));
}
