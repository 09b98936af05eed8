"""Reads the certificates a member serves into the document that is kept of them. Pure."""

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from aggregator.upstream.peer import Served
from registry.certificates import Problem

MAX_CHAIN: Final = 10
MAX_NAMES: Final = 100
MAX_TEXT: Final = 200
BEHIND_PROXY: Final = (
    "This network reaches its members through a proxy, which hides the certificates they serve."
)
_SELF_SIGNED: Final = frozenset({18, 19})
_NO_ISSUER: Final = frozenset({2, 20, 21})
_EXPIRED, _NOT_YET = 10, 9
_HOST: Final = frozenset({62, 63, 64})
"""Codes of OpenSSL's verification (X509_V_ERR_…)."""


@dataclass(frozen=True, slots=True)
class Read:
    """One certificate of a chain."""

    subject: str
    issuer: str
    since: datetime
    until: datetime
    fingerprint: str
    names: tuple[str, ...]
    is_self_signed: bool

    def document(self, *, is_used: bool) -> dict[str, Any]:
        """Write it."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "validFrom": _moment(self.since),
            "validUntil": _moment(self.until),
            "fingerprint": self.fingerprint,
            "isUsed": is_used,
        }


def certificate_document(served: Served, host: str, now: datetime) -> dict[str, Any]:
    """Write what a look at a host showed; `validUntil` is the end of the first to end."""
    chain = [_read(der) for der in served.chain[:MAX_CHAIN]]
    known = [one for one in chain if one is not None]
    if not known:
        return unseen_document("It serves no certificate that can be read.", now) | {
            "isSeen": True,
            "problem": Problem.UNTRUSTED.value,
        }
    trusted = {one.fingerprint for one in map(_read, served.used) if one is not None}
    used = [not trusted or one.fingerprint in trusted for one in known]
    first = min((n for n, is_used in enumerate(used) if is_used), key=lambda n: known[n].until)
    problem = _problem(served.failure, known, now)
    own = known[0]
    return {
        "checkedAt": _moment(now),
        "isSeen": True,
        "problem": problem.value,
        "message": _message(problem, known, host, served.failure),
        "validFrom": _moment(own.since),
        "validUntil": _moment(known[first].until),
        "endsFirst": first,
        "subject": own.subject,
        "issuer": own.issuer,
        "names": list(own.names),
        "fingerprint": own.fingerprint,
        "chain": [one.document(is_used=is_used) for one, is_used in zip(known, used, strict=True)],
    }


def unseen_document(message: str, now: datetime) -> dict[str, Any]:
    """Write that the certificates of a member cannot be looked at, and why."""
    return {
        "checkedAt": _moment(now),
        "isSeen": False,
        "problem": Problem.NONE.value,
        "message": message,
        **dict.fromkeys(("validFrom", "validUntil", "endsFirst", "subject", "issuer")),
        "names": [],
        "fingerprint": None,
        "chain": [],
    }


def _problem(
    failure: ssl.SSLCertVerificationError | None, chain: Sequence[Read], now: datetime
) -> Problem:
    if failure is None:
        return Problem.NONE
    code = failure.verify_code
    if code == _EXPIRED:
        return Problem.EXPIRED
    if code == _NOT_YET:
        return Problem.NOT_YET
    if code in _HOST:
        return Problem.HOST
    if code in _NO_ISSUER and not chain[-1].is_self_signed:
        return Problem.INCOMPLETE
    return Problem.UNTRUSTED


def _message(
    problem: Problem,
    chain: Sequence[Read],
    host: str,
    failure: ssl.SSLCertVerificationError | None,
) -> str:
    """Say what is wrong and what to do, without the name of the member."""
    own, last = chain[0], chain[-1]
    if problem is Problem.NONE:
        return ""
    if problem is Problem.EXPIRED:
        ended = min(chain, key=lambda one: one.until)
        whose = "Its certificate" if ended is own else f"The certificate of “{ended.subject}”"
        return f"{whose} ended on {ended.until:%Y-%m-%d %H:%M} UTC. Renew it."
    if problem is Problem.NOT_YET:
        begins = max(chain, key=lambda one: one.since)
        return (
            f"A certificate of its chain (“{begins.subject}”) is only good from "
            f"{begins.since:%Y-%m-%d %H:%M} UTC. Look at the clock of who issued it."
        )
    if problem is Problem.HOST:
        names = ", ".join(own.names[:5]) or "no host at all"
        return (
            f"Its certificate is not for {host}: it names {names}. Have one issued that names "
            f"{host}."
        )
    if problem is Problem.INCOMPLETE:
        return (
            f"Its chain stops at “{last.subject}”, whose issuer “{last.issuer}” is neither sent "
            "nor known here. Serve the intermediate certificates as well; a private authority "
            "has to be named by the operator of this network (ca_file)."
        )
    if own.is_self_signed:
        return (
            "Its certificate is signed by itself, so that nobody vouches for it. Have one issued "
            "by an authority that is known to all."
        )
    reason = failure.verify_message if failure is not None else ""
    return (
        f"The authority of its certificate (“{last.issuer}”) is not trusted here ({reason}). Have "
        "one issued by an authority that is known to all; a private one has to be named by the "
        "operator of this network (ca_file)."
    )


def _read(der: bytes) -> Read | None:
    try:
        told = x509.load_der_x509_certificate(der)
        return Read(
            subject=_name(told.subject),
            issuer=_name(told.issuer),
            since=told.not_valid_before_utc,
            until=told.not_valid_after_utc,
            fingerprint=told.fingerprint(SHA256()).hex(),
            names=tuple(_names(told)),
            is_self_signed=told.issuer == told.subject,
        )
    except ValueError:
        return None


def _name(name: x509.Name) -> str:
    """Give the common name of who is meant, else the organization, else all there is."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if told := name.get_attributes_for_oid(oid):
            return str(told[0].value)[:MAX_TEXT]
    return name.rfc4514_string()[:MAX_TEXT]


def _names(told: x509.Certificate) -> Iterable[str]:
    try:
        names = told.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return []
    hosts = names.get_values_for_type(x509.DNSName)
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [one[:MAX_TEXT] for one in (*hosts, *addresses)][:MAX_NAMES]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
