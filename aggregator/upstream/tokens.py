"""Which credential goes to which member: none unless the operator says so for that member."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from registry.snapshot import RegisteredMember

PUBLIC: Final = "public"
"""The cache scope of answers to requests without a credential."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What is sent as `Authorization`, and the scope its answers may be shared in."""

    authorization: str | None = field(default=None, repr=False)
    """The whole header value; None sends none."""
    scope: str = PUBLIC
    """`public`, or a digest of what is sent: part of every cache key."""


@dataclass(frozen=True, slots=True)
class NeedsToken:
    """The member is not to be asked: the credential it needs cannot be sent."""

    message: str


def credential_for(
    member: RegisteredMember, user_token: str | None, environ: Mapping[str, str]
) -> Credential | NeedsToken:
    """Choose the credential by the member's token policy.

    `user_token` is the token our own caller showed, with or without its scheme. A variable may hold
    a token (sent as Bearer) or a header value of two words (`Basic dXNlcjp4`). With `passthrough`
    and no token of the user the member is asked as by the public.
    """
    policy = member.entry.token
    if policy == "none":
        return Credential()
    if policy == "passthrough":
        if not (user_token or "").strip():
            return Credential()
        return _credential(user_token or "", "your token")
    variable = policy.removeprefix("env:")
    value = environ.get(variable, "")
    if not value.strip():
        return NeedsToken(f"the operator has not set {variable}, the token for this member")
    return _credential(value, variable)


def _credential(value: str, name: str) -> Credential | NeedsToken:
    words = value.split()
    if len(words) > 2 or not all(word.isascii() and word.isprintable() for word in words):
        return NeedsToken(f"{name} holds characters that cannot be sent in a header")
    header = " ".join(words) if len(words) == 2 else f"Bearer {words[0]}"
    digest = hashlib.blake2b(header.encode(), digest_size=16, person=b"beacon-scope")
    return Credential(header, digest.hexdigest())
