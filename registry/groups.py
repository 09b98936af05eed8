"""Opaque groups: beacons that the network asks, shows and names as one member.

What stands for a group is a member like any other, made of what can be said of all its members
without telling which of them it is true of: no data sets, no address, no words of their own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from aggregator.model.genome import Assembly
from aggregator.model.query import GENOMIC_VARIANT
from registry.capabilities import Capabilities, FilteringResource, FilteringTerm
from registry.models import Group, MemberEntry, Pause, Protocol

if TYPE_CHECKING:
    from registry.snapshot import RegisteredMember

TOLD: Final = ("boolean", "count")
"""What a group tells at most: never records, which are somebody's."""
FEWEST: Final = 2
"""How many of a group must be asked, must tell a count, or must share what is told of all.

What one alone says or has is its own.
"""
_MAX_ID: Final = 63


def opaque_groups(
    members: Iterable["RegisteredMember"], described: Iterable[Group]
) -> Mapping[str, tuple["RegisteredMember", ...]]:
    """Give the members of each opaque group that has any, in registry order.

    A member of several belongs to the one its entry names first.
    """
    opaque = {group.id for group in described if group.opaque}
    found: dict[str, tuple[RegisteredMember, ...]] = {}
    for member in members if opaque else ():
        chosen = next((group for group in member.entry.groups if group in opaque), None)
        if chosen is not None:
            found[chosen] = (*found.get(chosen, ()), member)
    return found


def in_several(
    members: Iterable["RegisteredMember"], described: Iterable[Group]
) -> Mapping[str, tuple[str, ...]]:
    """Name the members of more than one opaque group, with these groups; the first counts."""
    opaque = {group.id for group in described if group.opaque}
    told = ((one.id, tuple(g for g in one.entry.groups if g in opaque)) for one in members)
    return {member_id: groups for member_id, groups in told if len(groups) > 1}


def entry_of(
    group: Group, inside: Sequence["RegisteredMember"], taken: Collection[str]
) -> MemberEntry:
    """Declare the member that stands for a group; it has no address.

    The registry refuses a member and an opaque group of one id; if there are such all the same,
    the group is called otherwise and stays closed. `taken` are the ids it cannot have.
    """
    shown, number = group.id, 1
    while shown in taken:
        number += 1
        shown = f"{group.id[: _MAX_ID - 10]}-group-{number}"
    spoken = {member.protocol for member in inside}
    protocol = spoken.pop() if len(spoken) == 1 else None
    return MemberEntry.model_construct(  # unchecked: the address of a member is never empty
        id=shown,
        url="",
        name=group.name,
        description=group.description,
        organization=group.organization,
        protocol=protocol or Protocol.AUTO,
        assemblies=_assemblies(inside),
        groups=tuple(dict.fromkeys((shown, *groups_of_all(inside)))),
        paused=_pause(inside),
        disabled=all(member.entry.disabled for member in inside),
    )


def groups_of_all(inside: Sequence["RegisteredMember"]) -> tuple[str, ...]:
    """Name the groups that all of these belong to; of fewer than two, none."""
    shared = set.intersection(*(set(one.entry.groups) for one in inside)) if inside else set()
    return tuple(sorted(shared)) if len(inside) >= FEWEST else ()


def capabilities_of(
    inside: Sequence["RegisteredMember"], known: Capabilities | None = None
) -> Capabilities:
    """Join what members of a group can be asked; what one of them does not tell is not known.

    `known` are the joined capabilities of members whose filters are the same: their list stays,
    as others keep what they worked out of it.
    """
    terms = _terms(inside) if known is None else known.filtering_terms
    joined = Capabilities(
        entry_types=_entry_types(inside),
        granularities=TOLD,
        filtering_resources=() if terms is None else _resources(inside),
    )
    return joined.model_copy(update={"filtering_terms": terms})  # as it is: others compare it so


def _pause(inside: Sequence["RegisteredMember"]) -> Pause | None:
    """Pause a group while all its members are that are not switched off.

    It lasts until the first of them returns, and has no note.
    """
    pauses = [member.entry.paused for member in inside if not member.entry.disabled]
    told = [pause for pause in pauses if pause is not None]
    if not told or len(told) < len(pauses):
        return None
    ends = [pause.ends_at for pause in told if pause.ends_at is not None]
    return Pause(until=min(ends, default=None))


def _assemblies(inside: Sequence["RegisteredMember"]) -> tuple[Assembly, ...]:
    if not all(member.assemblies for member in inside):
        return ()
    held = {assembly for member in inside for assembly in member.assemblies}
    return tuple(assembly for assembly in Assembly if assembly in held)


def _entry_types(inside: Sequence["RegisteredMember"]) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for member in inside:
        told: tuple[str, ...] | None = member.capabilities.entry_types
        if member.protocol not in {Protocol.V2, None}:
            told = (GENOMIC_VARIANT,)
        if told is None or member.dialect.paths:
            return None
        found.update(dict.fromkeys(told))
    return tuple(sorted(found))


def _terms(inside: Sequence["RegisteredMember"]) -> tuple[FilteringTerm, ...] | None:
    """Join the filters, if every member tells its own; a term without scopes applies to all."""
    joined: dict[str, FilteringTerm] = {}
    for member in inside:
        told = member.capabilities.filtering_terms
        if told is None:
            return None
        for term in told:
            other = joined.get(term.id)
            joined[term.id] = term if other is None else _joined_term(other, term)
    return tuple(joined[term_id] for term_id in sorted(joined))


def _joined_term(one: FilteringTerm, other: FilteringTerm) -> FilteringTerm:
    if one == other:
        return one
    scopes = {*one.scopes, *other.scopes} if one.scopes and other.scopes else set()
    return FilteringTerm(
        id=one.id,
        type=one.type or other.type,
        label=one.label or other.label,
        scopes=tuple(sorted(scopes)),
        values=tuple(sorted({*one.values, *other.values})),
    )


def _resources(inside: Sequence["RegisteredMember"]) -> tuple[FilteringResource, ...]:
    told = (one for member in inside for one in member.capabilities.filtering_resources)
    joined: dict[str, FilteringResource] = {}
    for resource in told:
        joined.setdefault(resource.id, resource)
    return tuple(joined[name] for name in sorted(joined))
