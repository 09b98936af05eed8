"""Lists of beacons as networks keep them, read into entries of ours. Pure.

* GA4GH service registries 1.0.0 (`/services`) and CSC's registry, whose types are words and whose
  addresses are those of the services' descriptions;
* `beacon-network.json` of the ELIXIR Beacon Network: an array of addresses;
* `registry.yml` of EGA's beacon network: `v1_Beacons` and `v2_Beacons`, addresses below each;
* tables (CSV) with a row of headings, and our own members file, as YAML or JSON.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from pydantic import ValidationError

from aggregator.base.errors import BadQuery
from aggregator.protocol.member_list_items import Items, Listed, one_line, shown_item
from registry.models import OPERATOR_ONLY, Group, MemberEntry, describe_problems

AUTO: Final = "auto"
FORMS: Final[Mapping[str, str]] = {
    "ga4gh": "the services of a GA4GH service registry: a JSON array of objects with type and url",
    "elixir": "the ELIXIR array: a JSON array of addresses",
    "ega": "a registry.yml with v1_Beacons or v2_Beacons and a list of addresses below it",
    "csv": "a table (CSV) whose first row has a column url",
    "seed": "a members file, YAML or JSON, with the key members",
}
"""What every form is, for people."""
_ARRAYS: Final = {"ga4gh", "elixir", "seed"}
"""Forms of which an empty array is the empty list."""
BEACON_TYPES: Final = frozenset({"beacon", "beacon-aggregator", "beacon-network"})
_EGA: Final = {"v2_beacons": "v2", "v1_beacons": "v1"}
_OF_INFO: Final = re.compile(r"/(?:service-info|info)/?$")
"""How the address of a service's description ends, which some registries give for its own."""
_DEEPEST: Final = 40
"""How deep YAML may be nested: the parser underneath does not survive every depth."""
_LISTS: Final = re.compile(r"[\s|;,]+")
"""Between several values in one cell of a table."""
_IN_TABLES: Final = frozenset(
    {
        *("id", "url", "name", "description", "protocol", "assemblies", "organization"),
        *("organization.id", "organization.name", "organization.url", "organization.description"),
        *("organization.contact_url", "organization.logo_url"),
    }
)


def read_list(
    body: bytes, *, form: str = AUTO, origin: str = "list", takes_all: bool = False
) -> Listed:
    """Read a list of any form; raises `BadQuery` if it is none.

    `takes_all` is for an operator's own file: of our own form everything is taken, of any other
    what a beacon may say of itself, as of every list.
    """
    if form != AUTO and form not in FORMS:
        raise BadQuery([f"form: expected {', '.join((AUTO, *FORMS))}"])
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadQuery([f"{origin}: not UTF-8 text"]) from None
    if form == "csv" or (form == AUTO and _is_table(text)):
        return _read_table(text, origin)
    document = _document(text, origin, has_aliases=takes_all)
    found = form if document == [] and form in _ARRAYS else _form_of(document)
    if found is None or form not in {AUTO, found}:
        expected = "; or ".join(FORMS.values()) if form == AUTO else FORMS[form]
        raise BadQuery([f"{origin}: this is no list of beacons that is known. Expected {expected}"])
    items = Items(found, takes_all=takes_all and found == "seed")
    if found == "ga4gh":
        _take_services(items, document)
    elif found == "seed":
        _take_members(items, document)
    else:
        _take_addresses(items, document)
    return items.listed()


def address_of_base(url: str) -> str:
    """Give the base of a service, also where its description's address stands for it."""
    return _OF_INFO.sub("", url.strip())


def _document(text: str, origin: str, *, has_aliases: bool) -> Any:
    try:
        if text.lstrip()[:1] in {"[", "{"}:
            return json.loads(text)
    except (ValueError, RecursionError):
        pass  # YAML may begin like this too
    try:
        _refuse_traps(text, origin, has_aliases=has_aliases)
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        why = one_line(str(error), 200)
        problem = f"{origin}: neither JSON, YAML nor a table with a column url ({why})"
        raise BadQuery([problem]) from None
    except ValueError:
        raise BadQuery([f"{origin}: this cannot be read as YAML"]) from None


def _refuse_traps(text: str, origin: str, *, has_aliases: bool) -> None:
    """Refuse YAML that is small and becomes huge, or so deep that reading it ends the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) and not has_aliases:
            raise BadQuery([f"{origin}: YAML with references (*name) is not read; write it out"])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise BadQuery([f"{origin}: nested deeper ({_DEEPEST}) than a list of beacons is"])


def _form_of(document: Any) -> str | None:
    if isinstance(document, Mapping):
        keys = {str(key).lower() for key in document}
        return "seed" if "members" in keys else "ega" if keys & _EGA.keys() else None
    if not isinstance(document, Sequence) or isinstance(document, str):
        return None
    if any(isinstance(one, Mapping) for one in document):
        services = (one for one in document if isinstance(one, Mapping) and "type" in one)
        return "seed" if next(services, None) is None else "ga4gh"
    return "elixir" if not document or any(isinstance(one, str) for one in document) else None


def _take_services(items: Items, services: Sequence[Any]) -> None:
    for number, service in enumerate(services, start=1):
        where = shown_item("service", number, service)
        if not isinstance(service, Mapping):
            items.fault(where, "expected an object")
            continue
        artifact = _artifact(service.get("type"))
        if artifact is None:
            items.fault(where, "type: expected {group, artifact, version}, or a word as beacon")
        elif artifact not in BEACON_TYPES:
            items.note(where, f"a {one_line(artifact, 80)} and no beacon, left out")
        elif not isinstance(service.get("url"), str):
            items.fault(where, "url: it is missing, so that the beacon cannot be asked")
        else:
            items.take(where, _of_service(service))


def _of_service(service: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: service.get(name) for name in ("id", "name", "description")}
    organization = service.get("organization")
    if isinstance(organization, str):
        organization = {"name": organization}
    if isinstance(organization, Mapping):
        contact = {"contactUrl": service.get("contactUrl")}
        organization = {**contact, **organization}
    return {**told, "url": address_of_base(service["url"]), "organization": organization}


def _artifact(told: Any) -> str | None:
    """Read the type of a service: an object, or a word, as `beacon` or `org.ga4gh:beacon:1.0`."""
    if isinstance(told, Mapping):
        told = told.get("artifact")
    if not isinstance(told, str) or not told.strip():
        return None
    parts = [part.strip().lower() for part in told.split(":")]
    return next((part for part in parts if part in BEACON_TYPES), told.strip().lower())


def _take_addresses(items: Items, document: Any) -> None:
    if isinstance(document, Mapping):
        below = {str(key).lower(): value for key, value in document.items()}
        found = [(protocol, key, below.get(key)) for key, protocol in _EGA.items()]
    else:
        found = [("auto", "address", document)]
    for protocol, key, addresses in found:
        if addresses is None:
            continue
        if not isinstance(addresses, list):
            items.fault(key, "expected a list of addresses")
            continue
        for number, address in enumerate(addresses, start=1):
            where = shown_item("address" if key == "address" else f"{key} address", number, address)
            if not isinstance(address, str):
                items.fault(where, "expected an address, as https://beacon.example.org/api")
                continue
            spelled = address.strip()
            if spelled and "//" not in spelled:
                spelled = f"https://{spelled}"  # as the documentation of the ELIXIR list shows them
            items.take(where, {"url": address_of_base(spelled), "protocol": protocol})


def _take_members(items: Items, document: Any) -> None:
    told = {"members": document} if isinstance(document, list) else document
    members = told.get("members") or []
    if not isinstance(members, list):
        items.fault("members", "expected a list")
        return
    for number, member in enumerate(members, start=1):
        where = shown_item("member", number, member)
        if isinstance(member, Mapping):
            items.take(where, {str(key): value for key, value in member.items()})
        else:
            items.fault(where, "expected an object")
    if items.takes_all:
        items.groups = tuple(_groups(items, told.get("groups") or []))


def _groups(items: Items, told: Any) -> list[Group]:
    groups: list[Group] = []
    if not isinstance(told, list):
        items.fault("groups", "expected a list")
        return groups
    for number, group in enumerate(told, start=1):
        try:
            groups.append(Group.model_validate(group))
        except ValidationError as error:
            where = shown_item("group", number, group)
            for problem in describe_problems("", error.errors()):
                items.note(where, problem)
    return groups


def _is_table(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return "url" in {cell.strip(' "').lower() for cell in re.split(r"[,;\t]", first)} and (
        first.lstrip()[:1] not in {"[", "{"}
    )


def _read_table(text: str, origin: str) -> Listed:
    if not _is_table(text):
        raise BadQuery([f"{origin}: expected {FORMS['csv']}"])
    head = next(line for line in text.splitlines() if line.strip())
    separator = max(",;\t", key=head.count)
    items = Items("csv")
    rows = csv.DictReader(io.StringIO(text.lstrip()), delimiter=separator, strict=True)
    try:
        names = {name: (name or "").strip().lower() for name in rows.fieldnames or ()}
        for name in names.values():
            if name not in _IN_TABLES:
                items.note(f"column {one_line(name, 80) or '(without a name)'}", _left_out(name))
        for number, row in enumerate(rows, start=1):
            told = {
                names[name]: (cell or "").strip() for name, cell in row.items() if name in names
            }
            if any(told.values()):
                items.take(shown_item("row", number, told), _of_row(told))
    except csv.Error as error:
        raise BadQuery([f"{origin}: line {rows.line_num} is no row of a table: {error}"]) from None
    return items.listed()


def _left_out(column: str) -> str:
    if column in OPERATOR_ONLY or column.partition(".")[0] in OPERATOR_ONLY:
        return "only the operator of this network sets it; left out"
    if column in MemberEntry.model_fields:
        return "not taken from a table; left out"
    return "not known; left out"


def _of_row(told: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {name: told[name] for name in _IN_TABLES & told.keys() if told[name]}
    if "assemblies" in row:
        row["assemblies"] = [one for one in _LISTS.split(row["assemblies"]) if one]
    if "url" in row:
        row["url"] = address_of_base(row["url"])
    else:
        row["url"] = ""
    organization = {
        name.partition(".")[2] or "name": row.pop(name)
        for name in sorted(_IN_TABLES)
        if name.startswith("organization") and name in row
    }
    return {**row, "organization": organization}
