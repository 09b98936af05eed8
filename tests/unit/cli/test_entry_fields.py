"""Fields of members as they are written on the command line."""

import click
import pytest

from aggregator.commands.entry_fields import FieldValue, changes_of, document_of
from registry.models import MemberEntry


def fields(*texts):
    return [FieldValue().convert(text, None, None) for text in texts]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("name=7", {"name": "7"}),
        ("name=no", {"name": "no"}),
        ("description=a=b: c", {"description": "a=b: c"}),
        ("timeout_s=2.5", {"timeout_s": 2.5}),
        ("max_concurrency=1", {"max_concurrency": 1}),
        ("disabled=yes", {"disabled": True}),
        ("groups=europe, asia,", {"groups": ["europe", "asia"]}),
        ("assemblies=GRCh37,hg38", {"assemblies": ["GRCh37", "hg38"]}),
        ("dialect.null_means=no", {"dialect": {"null_means": "no"}}),
        ("dialect.coordinates=0", {"dialect": {"coordinates": 0}}),
        ("dialect.wildcards=false", {"dialect": {"wildcards": False}}),
        ("dialect.drop=a,b", {"dialect": {"drop": ["a", "b"]}}),
        ("dialect.rename.start=pos", {"dialect": {"rename": {"start": "pos"}}}),
        (
            "dialect.answer.exists=response.exist",
            {"dialect": {"answer": {"exists": "response.exist"}}},
        ),
        ("organization.name=no", {"organization": {"name": "no"}}),
        ("contact=a@example.org", {"contact": "a@example.org"}),
    ],
)
def test_a_value_is_read_as_its_field_wants_it(text, read):
    made = document_of(fields(text))
    assert made == read
    made.pop("contact", None)
    MemberEntry.model_validate({"id": "a", "url": "https://a.example.org", **made})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeout_s", "expected FIELD=VALUE"),
        ("=7", "expected FIELD=VALUE"),
        ("dialect.=7", "expected FIELD=VALUE"),
        ("colour=blue", "“colour” is no field of a member. There are id, url"),
        ("name.first=A", "name has no key “first”. There are none"),
        ("dialect=post", "name the key, as dialect.start=…"),
        ("dialect.colour=blue", "dialect has no key “colour”. There are answer,"),
        ("dialect.start.x=list", "too many or too few keys"),
        ("dialect.rename=pos", "too many or too few keys"),
        ("organization=Org", "name the key, as organization.name=…"),
        ("paused=yes", "use `members pause ID`"),
    ],
)
def test_what_is_no_field_is_said_with_what_there_is(text, said):
    with pytest.raises(click.BadParameter, match=said.replace("…", ".").replace(".", r".")):
        fields(text)


def test_changes_go_into_what_is_there():
    held = {
        "id": "a",
        "url": "https://a.example.org",
        "timeout_s": 20.0,
        "dialect": {"start": "list", "rename": {"start": "pos", "end": "stop"}},
        "organization": {"name": "Org", "url": "https://o.example.org"},
    }
    told = fields(
        "timeout_s=",
        "dialect.start=",
        "dialect.rename.end=",
        "dialect.case=lower",
        "organization.url=",
    )
    assert changes_of(held, told) == {
        "timeout_s": None,
        "dialect": {"rename": {"start": "pos"}, "case": "lower"},
        "organization": {"name": "Org"},
    }
    assert held["dialect"]["rename"] == {"start": "pos", "end": "stop"}, (
        "what is held stays as it is"
    )


def test_a_part_with_nothing_left_in_it_is_not_set():
    held = {"dialect": {"start": "list", "rename": {"start": "pos"}}}
    told = fields("dialect.start=", "dialect.rename.start=")
    assert changes_of(held, told) == {"dialect": None}
