"""Whether somebody may use a field: one rule for the platform's own fields and for departments' operations.

A stranger has no token. A scope limits what another party's client may do in the resident's name; in the platform's own
apps it is the resident who acts, so only level and consent count. The answer is an error that says what is missing, or
nothing.
"""

from auth.errors import AssuranceTooLowError, ScopeMissingError, SignInNeededError
from auth.sessions.access_tokens import AccessToken
from kernel.errors import YiwangError
from supergraph.slice import RANK, Access

PUBLIC = Access("public")
SIGNED_IN = Access("L1")
_HOW = {"L2": " in a browser, `provePerson` in an app", "L3": " in a browser, `beginFaceCheck` in an app"}


def refusal(access: Access, token: AccessToken | None) -> YiwangError | None:
    """Return why the bearer of ``token`` may not use something, None if they may. Consent is looked at elsewhere."""
    if access.level == "public" and not access.scope and not access.consent:
        return None
    if token is None:
        return SignInNeededError("This is for residents who are signed in", fix="Sign in, and send the access token.")
    if RANK[token.acr] < RANK[access.level]:
        return AssuranceTooLowError(
            f"This needs the assurance level {access.level}, the session has {token.acr}",
            needed=access.level,
            fix="Ask the resident to prove more of who they are: acr_values="
            + access.level
            + _HOW.get(access.level, ""),
        )
    if access.scope and not token.first_party and access.scope not in token.scope.split():
        return ScopeMissingError(
            f"This needs the scope {access.scope}, which the token does not have", fix="Ask for it at sign-in."
        )
    return None
