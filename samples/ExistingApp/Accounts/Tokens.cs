using System.Globalization;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OrderDesk;

/// <summary>Makes the tokens of the API's clients, and says which ones the API believes.</summary>
public sealed class Tokens
{
    private readonly string _issuer;
    private readonly string _audience;
    private readonly TimeSpan _lifetime;
    private readonly SigningCredentials _credentials;
    private readonly TimeProvider _time;

    public Tokens(IConfiguration settings, TimeProvider time)
    {
        _time = time;
        _issuer = settings["Issuer"]!;
        _audience = settings["Audience"]!;
        _lifetime = TimeSpan.FromMinutes(double.Parse(settings["Minutes"]!, CultureInfo.InvariantCulture));
        var key = new RsaSecurityKey(LoadOrCreate(settings["KeyFile"]!));
        _credentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256);
        Validation = new TokenValidationParameters
        {
            ValidIssuer = _issuer,
            ValidAudience = _audience,
            IssuerSigningKey = key,
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            ClockSkew = TimeSpan.Zero,
        };
    }

    public TokenValidationParameters Validation { get; }

    public (string Token, DateTimeOffset Expires) Issue(Person person)
    {
        var now = _time.GetUtcNow();
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = _issuer,
            Audience = _audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + _lifetime).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = person.Id, ["name"] = person.Name, ["role"] = person.Role },
            SigningCredentials = _credentials,
        });
        return (token, now + _lifetime);
    }

    private static RSA LoadOrCreate(string file)
    {
        var key = RSA.Create(2_048);
        if (File.Exists(file))
        {
            key.ImportFromPem(File.ReadAllText(file));
            return key;
        }

        // For no other user of the machine to read.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(new FileStream(file, options));
        writer.Write(key.ExportPkcs8PrivateKeyPem());
        return key;
    }
}
