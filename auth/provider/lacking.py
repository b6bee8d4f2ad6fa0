"""What a browser's session lacks for an authorization request, and for a page of our own that asks in the same way."""

from typing import Literal

from auth.assurance import Level, choose_acr, higher, level_of, satisfies
from auth.assurance_tables import IN_PERSON
from auth.clients.clients import BROWSER
from auth.linking import PROOF_FRESH_FOR
from auth.provider.authorize import Asked
from auth.sessions.tables import Session


def own_page(redirect_uri: str, least_aal: int, locale: str = "zh") -> Asked:
    """Return the request of a page of ours for somebody who has just signed in, here, by what is worth ``least_aal``.

    No app's session vouches for them, and they come back without a code: the page reads the browser's session.
    """
    return Asked(
        client_id=BROWSER,
        redirect_uri=redirect_uri,
        scope="",
        max_age=int(PROOF_FRESH_FOR.total_seconds()),
        least_aal=least_aal,
        locale=locale,
    )


def is_own(asked: Asked) -> bool:
    """Whether a sign-in is for a page of ours; no client can ask so, as this one has no address to come back to."""
    return asked.client_id == BROWSER


def reachable(account_ial: int) -> Level:
    """Return what a person can reach at our pages: L4 takes a passkey here, and to have been proven elsewhere."""
    return "L4" if account_ial >= IN_PERSON else "L3"


def missing(
    asked: Asked, owner: Session | None, now: float, reach: Level = "L3"
) -> Literal["", "login_required", "acr"]:
    """Return what the browser's session lacks for a request; ``reach`` is what its resident can (``reachable``)."""
    if owner is None or "login" in asked.prompts or "select_account" in asked.prompts:
        return "login_required"
    if _mistaken(asked, owner):
        return "login_required"
    if asked.max_age is not None and now - owner.auth_time.timestamp() > asked.max_age:
        return "login_required"
    return "acr" if step_up_to(asked, owner, reach) or _below(asked, owner, now) else ""


def step_up_to(asked: Asked, owner: Session, reach: Level = "L3") -> Level | None:
    """Return the level that a resident is to be asked to reach, None if the session will do."""
    have = level_of(owner.ial, owner.aal)
    needed = higher(choose_acr(asked.acr, have, reach).challenge or have, asked.least_acr)
    return None if satisfies(have, needed) else needed


def refusal(asked: Asked, owner: Session, reach: Level = "L3") -> str:
    """Return the error for a session that is below what is essential, or another person's; empty if it will do."""
    if _mistaken(asked, owner):
        return "login_required"
    have = level_of(owner.ial, owner.aal)
    met = choose_acr(asked.acr, have, reach).answer is not None and satisfies(have, asked.least_acr)
    return "" if met else "unmet_authentication_requirements"


def _mistaken(asked: Asked, owner: Session) -> bool:
    """Whether a session is somebody else's than the client means (OpenID Connect Core 3.1.2.2).

    One of an app's, which its sender or whoever typed a code in has opened here, is nobody's at a page of our own.
    """
    if is_own(asked) and owner.parent_sid is not None:
        return True
    return asked.account_id is not None and asked.account_id != owner.account_id


def _below(asked: Asked, owner: Session, now: float) -> bool:
    """Whether a page of our own needs more factors than this session has shown lately."""
    lately = owner.aal_time is not None and now - owner.aal_time.timestamp() < PROOF_FRESH_FOR.total_seconds()
    return asked.least_aal > 1 and not (owner.aal >= asked.least_aal and lately)
