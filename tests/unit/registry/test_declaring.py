"""Who wins when a declaration and the registry differ: field by field, the operator."""

from hypothesis import given
from hypothesis import strategies as st

from registry.declaring import join
from registry.models import MemberEntry

URLS = ("https://one.example.org", "https://two.example.org")
entries = st.builds(
    MemberEntry,
    id=st.just("one"),
    url=st.sampled_from(URLS),
    name=st.sampled_from(("", "One", "Two")),
    timeout_s=st.sampled_from((None, 3.0, 5.0)),
    groups=st.sampled_from(((), ("a",), ("a", "b"))),
    disabled=st.booleans(),
)


def entry(**fields):
    return MemberEntry.model_validate({"id": "one", "url": URLS[0], **fields})


def joined(before, held, now):
    told = join(before, held, now)
    return MemberEntry.model_validate(told.document), told.kept


def test_a_field_nobody_touched_follows_its_declaration():
    before = entry(name="Old", timeout_s=3)
    made, kept = joined(before, before, entry(name="New"))
    assert (made.name, made.timeout_s, kept) == ("New", None, ())


def test_a_field_the_operator_changed_stays_and_is_told():
    before, held = entry(name="Old", timeout_s=3), entry(name="Mine", timeout_s=3)
    made, kept = joined(before, held, entry(name="New", timeout_s=5))
    assert (made.name, made.timeout_s, kept) == ("Mine", 5, ("name",))


def test_what_the_operator_added_is_a_difference():
    before = entry()
    held = entry(disabled=True)
    assert joined(before, held, before) == (held, ("disabled",))


def test_what_both_changed_alike_is_no_difference():
    made, kept = joined(entry(name="Old"), entry(name="New"), entry(name="New"))
    assert (made.name, kept) == ("New", ())


def test_the_first_declaration_fills_what_nobody_set():
    made, kept = joined(None, entry(name="Mine"), entry(name="Theirs", groups=["a"]))
    assert (made.name, made.groups, kept) == ("Mine", ("a",), ("name",))


@given(before=entries, held=entries, now=entries)
def test_every_field_is_one_of_the_two_and_differences_are_told(before, held, now):
    made, kept = joined(before, held, now)
    for name in MemberEntry.model_fields:
        value = getattr(made, name)
        if getattr(held, name) != getattr(before, name):
            assert value == getattr(held, name)
        else:
            assert value == getattr(now, name)
        assert (name in kept) == (value != getattr(now, name))


@given(before=entries, held=entries, now=entries)
def test_the_same_declaration_again_changes_nothing(before, held, now):
    made, kept = joined(before, held, now)
    assert joined(now, made, now) == (made, kept)
