"""The members as pages of the field show them: one `{meta, response}` each, and what is wrong.

TPL, ELX, GRD and CSC read these beside our own description. A page fails where `organization` is
no object or `description` no text, so both always are. Members' logos are left out: they would
be fetched from strangers' servers by whoever looks at the page.
"""

from collections.abc import Iterable
from typing import Any

from registry.models import Organization
from registry.snapshot import RegisteredMember

Document = dict[str, Any]


def member_cards(members: Iterable[RegisteredMember]) -> list[Document]:
    """Write `responses` of `/`, `/info` and `/api/info`."""
    return [_card(member) for member in members]


def metadata_errors(members: Iterable[RegisteredMember]) -> list[Document]:
    """Write `response.info.metadata_errors`: whose documents are wrong, by their address.

    `endpoint` equals `alternativeUrl` of the member's card.
    """
    return [
        {
            "endpoint": member.entry.url,
            "errors": [{"message": problem} for problem in member.capabilities.problems],
        }
        for member in members
        if member.capabilities.problems
    ]


def _card(member: RegisteredMember) -> Document:
    told = member.capabilities
    beacon_id = told.beacon_id or member.id
    version = told.api_version or ""
    return {
        "meta": {"beaconId": beacon_id, "apiVersion": version, "returnedSchemas": []},
        "response": {
            "id": beacon_id,
            "name": member.name,
            "apiVersion": version,
            "description": member.entry.description or told.description or "",
            "organization": _organization(member, member.entry.organization or told.organization),
            **({"alternativeUrl": member.entry.url} if member.entry.url else {}),
            **({"environment": told.environment} if told.environment else {}),
            "info": {"memberId": member.id},
        },
    }


def _organization(member: RegisteredMember, told: Organization | None) -> Document:
    written = {"id": (told.id if told else None) or member.id, "name": member.name}
    if told is None:
        return written
    links = {"welcomeUrl": told.url, "contactUrl": told.contact_url}
    return written | {"name": told.name} | {key: link for key, link in links.items() if link}
