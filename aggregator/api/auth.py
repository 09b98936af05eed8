"""Who may change the registry: operators by their token or session, members by their service key.

A session is a signed cookie that says which key opened it. It ends with that key, and by signing
out, wherever a copy of its cookie is. Forms of pages carry a signed token of the
session, so that no other site can send them.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from yarl import URL

from aggregator.api.context import api_of
from aggregator.base.errors import Forbidden, Unauthorized
from registry.keys import KeyKind
from registry.records import OPERATOR
from registry.spent_forms import is_spent, spend_form

SESSION_S: Final = 8 * 3600
"""How long an operator stays signed in, in seconds."""
MANAGING_S: Final = 1800
"""The same for a member at its own entry."""
ADMIN_COOKIE: Final = "beacon_operator"
MEMBER_COOKIE: Final = "beacon_member"
SERVICE_KEY: Final = "Beacon-Service-Key"
"""The header in which members send their key, as CSC's registry calls it."""


async def signed_in_operator(request: web.Request) -> str | None:
    """Say whose session of the pages this is, as the log of changes calls it; None for none."""
    session = _OpenSession.of(request, _at_admin())
    if session is None:
        return None
    name = await _operator_stamped(request, session.stamp)
    return None if name is None or await session.is_over(request) else name


async def operator_by(request: web.Request, token: str) -> str | None:
    """Give the operator a token belongs to; None for a token that opens nothing.

    Nothing is counted here: `operators.operator_by_token` limits guessing.
    """
    api = api_of(request)
    configured = api.settings.security.admin_token
    if configured is not None and _same(token.strip(), configured.get_secret_value().strip()):
        return OPERATOR
    key = await api.registry.keyring.holder(token, KeyKind.OPERATOR)
    return None if key is None else f"{OPERATOR}:{key.owner}"


def open_session(request: web.Request, response: web.Response, token: str) -> None:
    """Sign an operator in whose token was just found to be right."""
    _at_admin().give(request, response, _OpenSession.begun(_stamp(token)))


async def close_session(request: web.Request, response: web.Response) -> None:
    """Sign an operator out: no copy of the cookie opens anything from now on."""
    await _at_admin().end(request, response)


async def member_by_key(request: web.Request, member_id: str) -> str:
    """Say as whom a member acts at its own entry (`member:ID`); raises `Unauthorized`.

    By the header `Beacon-Service-Key`, `Authorization: Bearer KEY`, or the session of the page.
    """
    given = request.headers.get(SERVICE_KEY, "") or bearer_of(request)
    if given:
        if not await opens(request, member_id, given):
            raise Unauthorized(f"This service key does not open the entry of “{member_id[:80]}”.")
        return f"member:{member_id}"
    if not await _has_opened(request, member_id):
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
        _at_entry(member_id).give(request, response, _OpenSession.begun(held.id))


async def close_entry(request: web.Request, response: web.Response, member_id: str) -> None:
    """Close the page of an entry: no copy of the cookie opens it from now on."""
    await _at_entry(member_id).end(request, response)


def form_token(request: web.Request, purpose: str) -> str:
    """Make the token that a form of this session carries."""
    return api_of(request).signer.sign(f"form {purpose}", _bound_to(request))


def check_form(request: web.Request, purpose: str, token: str, *, within_s: int) -> None:
    """Raise `Forbidden` for a form that was not made by this network for this browser.

    Browsers say where a form was sent from. A form made for a browser without a session is good for
    every such browser, so this alone keeps other sites from signing somebody in.
    """
    subject = api_of(request).signer.read(f"form {purpose}", token, within_s=within_s)
    if subject is None or not _same(subject, _bound_to(request)) or is_from_elsewhere(request):
        raise Forbidden(
            "This form is too old, or was not made by this page. Nothing was changed. Load the "
            "page again and send it once more."
        )


async def take_form(request: web.Request, what: str, token: str) -> bool:
    """Take a checked form for `what` it does; False if it was taken before on this path."""
    # the signature can be spelt in several ways, what it signs cannot
    signed = f"{what} {token.rpartition('.')[0]}"
    return await spend_form(api_of(request).registry.store.database, signed, request.path)


def bearer_of(request: web.Request) -> str:
    """Give the bearer token of a request; empty if it has none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _operator_stamped(request: web.Request, stamp: str) -> str | None:
    api = api_of(request)
    configured = api.settings.security.admin_token
    if configured is not None and _same(stamp, _stamp(configured.get_secret_value().strip())):
        return OPERATOR
    for key in await api.registry.keyring.operators():
        if _same(stamp, _stamp_of_digest(key.digest)):
            return f"{OPERATOR}:{key.owner}"
    return None


def is_from_elsewhere(request: web.Request) -> bool:
    """Whether the browser says that a page of somebody else sends this."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    if origin == "null":
        return False  # what browsers say of pages that tell nobody where they are, as ours
    try:
        own = {request.url.host, URL(api_of(request).identity.public_url).host}
        return URL(origin).host not in own - {None}
    except ValueError:
        return True


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
class _Cookie:
    """A cookie of ours that holds a session."""

    name: str
    purpose: str
    path: str
    age_s: int

    def give(self, request: web.Request, response: web.Response, session: "_OpenSession") -> None:
        """Put a session into a response."""
        is_public = api_of(request).identity.public_url.startswith("https://")
        response.set_cookie(
            self.name,
            api_of(request).signer.sign(self.purpose, session.subject),
            path=self.path,
            max_age=self.age_s,
            httponly=True,
            samesite="Strict",
            secure=request.secure or is_public,
        )

    async def end(self, request: web.Request, response: web.Response) -> None:
        """End the session of a request, in every copy."""
        session = _OpenSession.of(request, self)
        if session is not None:
            await spend_form(api_of(request).registry.store.database, session.mark, "signed out")
        response.del_cookie(self.name, path=self.path)


@dataclass(frozen=True, slots=True)
class _OpenSession:
    """What a cookie says: which key opened the session, and which session it is."""

    stamp: str
    id: str

    @classmethod
    def begun(cls, stamp: str) -> "_OpenSession":
        """Begin one."""
        return cls(stamp, secrets.token_hex(16))

    @classmethod
    def of(cls, request: web.Request, cookie: _Cookie) -> "_OpenSession | None":
        """Read it from a request; None if there is none, or one that is too old."""
        signed = request.cookies.get(cookie.name, "")
        told = api_of(request).signer.read(cookie.purpose, signed, within_s=cookie.age_s)
        stamp, _, session_id = (told or "").partition(" ")
        return cls(stamp, session_id) if session_id else None

    async def is_over(self, request: web.Request) -> bool:
        """Whether it was signed out of."""
        return await is_spent(api_of(request).registry.store.database, self.mark)

    @property
    def subject(self) -> str:
        """What is signed."""
        return f"{self.stamp} {self.id}"

    @property
    def mark(self) -> str:
        """What is remembered once it has been signed out of."""
        return f"session {self.id}"


def _at_admin() -> _Cookie:
    return _Cookie(ADMIN_COOKIE, ADMIN_COOKIE, "/admin", SESSION_S)


def _at_entry(member_id: str) -> _Cookie:
    return _Cookie(MEMBER_COOKIE, f"manage {member_id}", f"/manage/{member_id}", MANAGING_S)


async def _has_opened(request: web.Request, member_id: str) -> bool:
    """Whether this browser has opened the entry, by a key that is good still."""
    session = _OpenSession.of(request, _at_entry(member_id))
    if session is None:
        return False
    held = await api_of(request).registry.keyring.by_id(session.stamp)
    is_good = held is not None and held.kind is KeyKind.SERVICE and held.owner == member_id
    return is_good and not await session.is_over(request)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
