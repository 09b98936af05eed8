"""What RFC 4287 wants of a feed, checked without a schema."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


def problems(root: ET.Element) -> list[str]:
    """Everything that is wrong with a feed (RFC 4287, 4.1)."""
    found = [*_problems(root, "feed")]
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        found += _problems(entry, "entry")
    ids = [each.findtext(f"{ATOM}id") for each in entries]
    if len(set(ids)) < len(ids):
        found.append("two entries have one id")
    if not root.findtext(f"{ATOM}author/{ATOM}name"):
        found.append("author/name is empty")
    if not [each for each in root.findall(f"{ATOM}link") if each.get("rel") == "self"]:
        found.append("no link to itself")
    return found


def _problems(element: ET.Element, name: str) -> Iterator[str]:
    if element.tag != f"{ATOM}{name}":
        yield f"{element.tag} is no {name}"
    for wanted in ("id", "title", "updated"):
        if len(element.findall(f"{ATOM}{wanted}")) != 1:
            yield f"{name} has not one {wanted}"
    made = element.findtext(f"{ATOM}id") or ""
    if not URI.fullmatch(made):
        yield f"the id {made} is no URI"
    for moment in ("updated", "published"):
        told = element.findtext(f"{ATOM}{moment}")
        if told is not None and not MOMENT.fullmatch(told):
            yield f"{moment} is {told}"
    links = [(each.get("rel"), each.get("type")) for each in element.findall(f"{ATOM}link")]
    if len(set(links)) < len(links):
        yield f"{name} has a link twice"
    if ("alternate", "text/html") not in links:
        yield f"{name} has no alternate"
