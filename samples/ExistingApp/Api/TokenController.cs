using Microsoft.AspNetCore.Mvc;

namespace OrderDesk;

/// <summary>Name and password for a token.</summary>
[ApiController]
[Route("api/token")]
public sealed class TokenController(People people, Tokens tokens) : ControllerBase
{
    public sealed record Login(string User, string Password);

    public sealed record Answer(string Token, DateTimeOffset Expires);

    [HttpPost]
    public ActionResult<Answer> Create(Login login)
    {
        if (people.FindByPassword(login.User, login.Password) is not { } person) return Unauthorized();
        var (token, expires) = tokens.Issue(person);
        return new Answer(token, expires);
    }
}
