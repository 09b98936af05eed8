"""What stands for an opaque group: one member, that says nothing of a single one inside."""

from datetime import UTC, datetime

import pytest

from aggregator.model.genome import Assembly
from registry.capabilities import FilteringResource, FilteringTerm
from registry.groups import in_several
from registry.models import Group, Organization, Protocol
from registry.snapshot import Snapshot
from tests.builders import member


def group(group_id="north", **more):
    return Group(id=group_id, **{"name": "The North", "opaque": True, **more})


def hidden(member_id, *, groups=("north",), **more):
    return member(member_id, groups=list(groups), **more)


def terms(*ids, **more):
    return tuple(FilteringTerm(id=one, **more) for one in ids)


def snapshot(*members, groups=None):
    return Snapshot().with_members(members, groups if groups is not None else [group()])


def standing(*members, groups=None):
    return snapshot(*members, groups=groups).by_id["north"]


def ids(members):
    return [one.id for one in members]


def test_the_group_is_one_member_at_the_place_of_the_first_inside():
    made = snapshot(member("a"), hidden("x"), member("b"), hidden("y"), member("c"))
    assert ids(made.members) == ["a", "north", "b", "c"]
    assert set(made.by_id) == {"a", "north", "b", "c"}
    assert ids(made.by_id["north"].inside) == ["x", "y"]


def test_everyone_is_there_for_whoever_looks_after_them():
    made = snapshot(member("a"), hidden("x"), hidden("y"))
    assert ids(made.everyone) == ["a", "x", "y"]
    assert set(made.everyone_by_id) == {"a", "x", "y"}
    assert made.shown_as == {"x": "north", "y": "north"}


def test_a_group_that_is_not_opaque_hides_nobody():
    made = snapshot(hidden("x"), groups=[group(opaque=False)])
    assert ids(made.members) == ["x"]
    assert made.groups == {"north"}
    assert made.described["north"].name == "The North"


def test_an_opaque_group_without_a_member_is_not_there():
    assert snapshot(member("a")).groups == frozenset()


def test_the_groups_of_one_hidden_member_are_named_to_nobody():
    made = snapshot(hidden("x", groups=["europe", "north"]), member("a", groups=["asia"]))
    assert made.groups == {"north", "asia"}
    assert made.by_id["north"].groups_of_some == {"europe"}


def test_the_groups_all_inside_share_are_the_groups_of_it():
    inside = (hidden("x", groups=["eu", "north", "lab"]), hidden("y", groups=["north", "eu"]))
    made = snapshot(*inside)
    assert made.by_id["north"].entry.groups == ("north", "eu")
    assert made.by_id["north"].groups_of_some == {"lab"}
    assert made.groups == {"north", "eu"}
    joined = made.with_members((*inside, hidden("z")), [group()])
    assert joined.by_id["north"].entry.groups == ("north",)
    assert joined.by_id["north"].groups_of_some == {"eu", "lab"}


def test_a_member_of_no_opaque_group_has_no_groups_of_some():
    assert member("a", groups=["asia"]).groups_of_some == frozenset()


def test_a_member_of_two_opaque_groups_belongs_to_the_one_it_names_first():
    both = [group(), group("south")]
    made = snapshot(hidden("x", groups=["south", "north"]), hidden("y"), groups=both)
    assert made.shown_as == {"x": "south", "y": "north"}
    assert in_several(made.everyone, both) == {"x": ("south", "north")}


def test_it_is_called_as_the_group_is_described():
    organization = Organization(name="Northern Alliance")
    described = group(description="Hospitals.", organization=organization)
    made = standing(hidden("x", name="Secret"), groups=[described])
    assert (made.name, made.entry.description) == ("The North", "Hospitals.")
    assert made.entry.organization == organization
    assert standing(hidden("x"), groups=[group(name="")]).name == "north"


def test_it_has_no_address_no_data_set_and_no_word_of_a_member():
    made = standing(
        hidden(
            "x",
            name="Secret",
            data_sets={"secret-set": "GRCh38"},
            capabilities={"name": "Secret", "problems": ("secret",), "beacon_id": "secret"},
            dialect={"method": "POST"},
            description="secret",
            same_as=["secret"],
        )
    )
    told = made.entry.model_dump_json() + made.capabilities.model_dump_json()
    assert "secret" not in told.lower()
    assert made.entry.url == ""
    assert made.dialect.model_dump(exclude_defaults=True) == {}


def test_the_members_of_a_group_are_not_in_its_text():
    assert "secret" not in repr(snapshot(hidden("secret")).members)


@pytest.mark.parametrize(
    ("protocols", "spoken"),
    [(("v2", "v2"), Protocol.V2), (("v1", "v2"), None), (("v2", "auto"), None)],
)
def test_it_speaks_what_all_speak(protocols, spoken):
    made = standing(*(hidden(f"x{n}", protocol=one) for n, one in enumerate(protocols)))
    assert made.protocol is spoken


def test_its_assemblies_are_those_of_all_if_all_are_known():
    known = hidden("x", assemblies=["GRCh38"]), hidden("y", assemblies=["GRCh37"])
    assert set(standing(*known).assemblies) == {Assembly.GRCH38, Assembly.GRCH37}
    assert standing(*known, hidden("z")).assemblies == ()


def test_its_entry_types_are_those_of_all_if_all_are_known():
    told = hidden("x", capabilities={"entry_types": ("individual",)})
    first = hidden("y", protocol="v1")
    assert standing(told, first).capabilities.entry_types == ("genomicVariant", "individual")
    assert standing(told, hidden("z")).capabilities.entry_types is None


def test_its_filters_are_those_of_all_if_all_tell_theirs():
    one = hidden("x", capabilities={"filtering_terms": terms("HP:2", "HP:1", label="Hand")})
    other = hidden("y", capabilities={"filtering_terms": terms("HP:2", "HP:3", values=("b",))})
    made = standing(one, other)
    assert [term.id for term in made.capabilities.filtering_terms] == ["HP:1", "HP:2", "HP:3"]
    both = made.capabilities.filtering_terms[1]
    assert (both.label, both.values) == ("Hand", ("b",))
    assert standing(one, hidden("z")).capabilities.filtering_terms is None


def test_a_filter_that_one_takes_everywhere_is_taken_everywhere():
    one = hidden("x", capabilities={"filtering_terms": terms("HP:1", scopes=("individual",))})
    other = hidden("y", capabilities={"filtering_terms": terms("HP:1")})
    assert standing(one, other).capabilities.filtering_terms[0].scopes == ()


def test_it_names_each_ontology_once():
    told = {
        "filtering_terms": terms("HP:1"),
        "filtering_resources": (FilteringResource(id="hp", name="HPO"),),
    }
    made = standing(hidden("x", capabilities=told), hidden("y", capabilities=told))
    assert [one.id for one in made.capabilities.filtering_resources] == ["hp"]


def test_it_tells_no_records():
    assert "record" not in standing(hidden("x")).capabilities.granularities


def test_it_is_switched_off_when_all_inside_are():
    off = hidden("x", disabled=True)
    assert standing(off).entry.disabled
    assert not standing(off, hidden("y")).entry.disabled


def test_it_is_paused_while_all_inside_are():
    first = hidden("x", paused={"until": "2026-05-01", "note": "secret"})
    later = hidden("y", paused={"until": "2026-06-01T12:00:00Z"})
    pause = standing(first, later, hidden("z", paused={})).entry.paused
    assert (pause.until, pause.note) == (datetime(2026, 5, 1, tzinfo=UTC), "")
    assert standing(first, hidden("off", disabled=True)).entry.paused is not None
    assert standing(first, hidden("open")).entry.paused is None
    assert standing(hidden("off", disabled=True)).entry.paused is None


def test_what_stands_for_it_stays_while_nothing_changes():
    members = [hidden("x"), hidden("y")]
    first = Snapshot().with_members(members, [group()])
    again = first.with_members(members, [group()])
    assert again.by_id["north"] is first.by_id["north"]
    named = again.with_members(members, [group(name="Other")])
    assert named.by_id["north"].name == "Other"


def test_its_list_of_filters_stays_while_those_inside_do():
    told = terms("HP:1")
    first = Snapshot().with_members(
        [hidden("x", capabilities={"filtering_terms": told})], [group()]
    )
    looked_at = first.everyone[0].with_facts(
        capabilities=first.everyone[0].capabilities.model_copy(update={"updated_at": "now"})
    )
    again = first.with_members([looked_at], [group()])
    kept, known = again.by_id["north"], first.by_id["north"]
    assert kept.capabilities.filtering_terms is known.capabilities.filtering_terms
    other = hidden("x", capabilities={"filtering_terms": terms("HP:2")})
    changed = again.with_members([other], [group()]).by_id["north"]
    assert [term.id for term in changed.capabilities.filtering_terms] == ["HP:2"]


def test_a_group_called_like_a_member_stays_closed():
    made = snapshot(member("north"), hidden("x"), hidden("y"))
    assert ids(made.members) == ["north", "north-group-2"]
    assert ids(made.by_id["north-group-2"].inside) == ["x", "y"]


@pytest.mark.parametrize(
    "members",
    [
        (member("a", same_as=["x"]), hidden("x")),
        (member("a"), hidden("x", same_as=["a"])),
        (member("net"), hidden("x", same_as=["net~org.example"])),
        (hidden("s", groups=["south"], same_as=["x"]), hidden("x")),
    ],
)
def test_a_group_overlaps_with_who_is_declared_the_same_as_one_inside(members):
    assert "north" in snapshot(*members, groups=[group(), group("south")]).overlapping


def test_two_of_one_group_that_are_the_same_overlap_with_nobody():
    assert not snapshot(hidden("x", same_as=["y"]), hidden("y")).overlapping


def test_a_name_that_nobody_has_overlaps_with_nobody():
    assert not snapshot(member("a", same_as=["b"]), hidden("x")).overlapping
