"""Who this network says it is, in every document it writes."""

from dataclasses import dataclass, field

API_VERSION = "v2.1.1"
"""The Beacon version of our documents."""
V1_API_VERSION = "1.1.0"


@dataclass(frozen=True, slots=True)
class OrganizationIdentity:
    """Who runs the network."""

    id: str
    name: str
    url: str | None = None
    contact_url: str | None = None
    logo_url: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The network itself."""

    beacon_id: str
    name: str
    description: str
    organization: OrganizationIdentity
    environment: str
    version: str
    public_url: str = ""
    """Without a trailing slash; empty: documents use the address the request came to."""
    started_at: str = field(default="1970-01-01T00:00:00Z")
    """RFC 3339."""
