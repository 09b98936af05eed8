"""Who may change the registry: operators by their token or session, members by their service key.

A session is a signed cookie that says which key opened it, and ends with that key. Forms of pages
carry a signed token of the session, so that no other site can send them.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.base.errors import Forbidden, Unauthorized
from registry.keys import KeyKind
from registry.records import OPERATOR

SESSION_S: Final = 8 * 3600
"""How long an operator stays signed in, in seconds."""
MANAGING_S: Final = 1800
"""The same for a member at its own entry."""
ADMIN_COOKIE: Final = "beacon_operator"
MEMBER_COOKIE: Final = "beacon_member"
SERVICE_KEY: Final = "Beacon-Service-Key"
"""The header in which members send their key, as CSC's registry calls it."""


async def operator_of(request: web.Request) -> str:
    """Say which operator sends this, as the log of changes calls it; raises `Unauthorized`.

    By `Authorization: Bearer TOKEN`, or by the session of the pages.
    """
    token = bearer_of(request)
    if token:
        name = await operator_by(request, token)
        if name is None:
            raise Unauthorized("This token is no operator's of this network, or has been revoked.")
        return name
    name = await _session_operator(request)
    if name is None:
        raise Unauthorized(
            "Only operators of this network may do this: send Authorization: Bearer TOKEN, or "
            "sign in at /admin/login."
        )
    return name


async def operator_by(request: web.Request, token: str) -> str | None:
    """Give the operator a token belongs to; None for a token that opens nothing."""
    api = api_of(request)
    configured = api.settings.security.admin_token
    if configured is not None and _same(token.strip(), configured.get_secret_value().strip()):
        return OPERATOR
    key = await api.registry.keyring.holder(token, KeyKind.OPERATOR)
    return None if key is None else f"{OPERATOR}:{key.owner}"


def open_session(request: web.Request, response: web.Response, token: str) -> None:
    """Sign an operator in whose token was just found to be right."""
    signed = api_of(request).signer.sign(ADMIN_COOKIE, _stamp(token))
    _Session(ADMIN_COOKIE, "/admin", SESSION_S).give(request, response, signed)


def close_session(response: web.Response) -> None:
    """Sign an operator out."""
    response.del_cookie(ADMIN_COOKIE, path="/admin")


async def member_by_key(request: web.Request, member_id: str) -> str:
    """Say as whom a member acts at its own entry (`member:ID`); raises `Unauthorized`.

    By the header `Beacon-Service-Key`, `Authorization: Bearer KEY`, or the session of the page.
    """
    given = request.headers.get(SERVICE_KEY, "") or bearer_of(request)
    if given:
        if not await opens(request, member_id, given):
            raise Unauthorized(f"This service key does not open the entry of “{member_id[:80]}”.")
        return f"member:{member_id}"
    stamp = api_of(request).signer.read(
        f"manage {member_id}", request.cookies.get(MEMBER_COOKIE, ""), within_s=MANAGING_S
    )
    held = None if stamp is None else await api_of(request).registry.keyring.by_id(stamp)
    if held is None or held.kind is not KeyKind.SERVICE or held.owner != member_id:
        raise Unauthorized(
            f"The service key of “{member_id[:80]}” is needed: send it as {SERVICE_KEY}."
        )
    return f"member:{member_id}"


async def opens(request: web.Request, member_id: str, key: str) -> bool:
    """Whether a service key opens this member's entry."""
    held = await api_of(request).registry.keyring.holder(key, KeyKind.SERVICE)
    return held is not None and held.owner == member_id


async def open_entry(
    request: web.Request, response: web.Response, member_id: str, key: str
) -> None:
    """Let the holder of a service key, which opens the entry, go on at its page."""
    held = await api_of(request).registry.keyring.holder(key, KeyKind.SERVICE)
    if held is not None:
        signed = api_of(request).signer.sign(f"manage {member_id}", held.id)
        session = _Session(MEMBER_COOKIE, f"/manage/{member_id}", MANAGING_S)
        session.give(request, response, signed)


def form_token(request: web.Request, purpose: str) -> str:
    """Make the token that a form of this session carries."""
    return api_of(request).signer.sign(f"form {purpose}", _bound_to(request))


def check_form(request: web.Request, purpose: str, token: str, *, within_s: int) -> None:
    """Raise `Forbidden` for a form that was not made by this network for this browser."""
    subject = api_of(request).signer.read(f"form {purpose}", token, within_s=within_s)
    if subject is None or not _same(subject, _bound_to(request)):
        raise Forbidden(
            "This form is too old, or was not made by this page. Nothing was changed. Load the "
            "page again and send it once more."
        )


def bearer_of(request: web.Request) -> str:
    """Give the bearer token of a request; empty if it has none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _session_operator(request: web.Request) -> str | None:
    api = api_of(request)
    signed = request.cookies.get(ADMIN_COOKIE, "")
    stamp = api.signer.read(ADMIN_COOKIE, signed, within_s=SESSION_S)
    if stamp is None:
        return None
    configured = api.settings.security.admin_token
    if configured is not None and _same(stamp, _stamp(configured.get_secret_value().strip())):
        return OPERATOR
    for key in await api.registry.keyring.operators():
        if _same(stamp, _stamp_of_digest(key.digest)):
            return f"{OPERATOR}:{key.owner}"
    return None


def _bound_to(request: web.Request) -> str:
    """Name what a form is bound to: the sessions of the browser it was made for."""
    sessions = f"{request.cookies.get(ADMIN_COOKIE, '')} {request.cookies.get(MEMBER_COOKIE, '')}"
    return hashlib.sha256(sessions.encode()).hexdigest()


def _stamp(token: str) -> str:
    return _stamp_of_digest(hashlib.sha256(token.strip().encode()).hexdigest())


def _stamp_of_digest(digest: str) -> str:
    """Name a token in a session without telling what is kept of it."""
    return hashlib.sha256(f"session {digest}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Session:
    """A cookie of ours."""

    name: str
    path: str
    age_s: int

    def give(self, request: web.Request, response: web.Response, signed: str) -> None:
        """Put it into a response."""
        is_public = api_of(request).identity.public_url.startswith("https://")
        response.set_cookie(
            self.name,
            signed,
            path=self.path,
            max_age=self.age_s,
            httponly=True,
            samesite="Strict",
            secure=request.secure or is_public,
        )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
