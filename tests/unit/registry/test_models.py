"""What may be declared of a member, and what is said of the rest."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from aggregator.model.allele import IndelStyle
from aggregator.model.genome import Assembly
from registry.capabilities import Capabilities
from registry.models import AnswerShape, Dialect, MemberEntry, Pause, Protocol, describe_problems


def entry(**changes):
    return MemberEntry.model_validate({"id": "one", "url": "https://one.example.org", **changes})


def problem(**changes):
    with pytest.raises(ValidationError) as caught:
        entry(**changes)
    (only,) = describe_problems("here", caught.value.errors())
    return only


@pytest.mark.parametrize("member_id", ["a", "0", "example-cancer", "a" * 63])
def test_an_id_of_letters_digits_and_hyphens_is_taken(member_id):
    assert entry(id=member_id).id == member_id


@pytest.mark.parametrize(
    "member_id", ["", "-a", "A", "a_b", "a b", "a" * 64, "a~b", "a:b", "a/b", "é", "a\n"]
)
def test_any_other_id_is_refused(member_id):
    assert "an id is 1 to 63 lower-case letters" in problem(id=member_id)


def test_an_address_loses_its_last_slash():
    assert entry(url=" https://one.example.org/api/ ").url == "https://one.example.org/api"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("one.example.org", "starts with https://"),
        ("ftp://one.example.org", "starts with https://"),
        ("https://", "starts with https://"),
        ("https:///api", "starts with https://"),
        ("https://user:secret@one.example.org", "no user name or password"),
        ("https://user@one.example.org", "no user name or password"),
        ("https://one.example.org/?a=b", "without ? and #"),
        ("https://one.example.org/#a", "without ? and #"),
        ("https://one.example.org:port", "not a web address"),
        ("https://[one", "not a web address"),
    ],
)
def test_an_address_that_is_no_base_is_refused(url, words):
    assert words in problem(url=url)


def test_a_password_in_an_address_is_not_repeated():
    assert "secret" not in problem(url="https://user:secret@one.example.org")


@pytest.mark.parametrize("policy", ["none", "passthrough", "env:BEACON_MEMBER_TOKEN_X1_Y"])
def test_a_token_policy_is_taken(policy):
    assert entry(token=policy).token == policy


@pytest.mark.parametrize(
    "policy",
    [
        *("secret", "", "env:HOME", "env:BEACON_SECURITY__ADMIN_TOKEN", "env:BEACON_MEMBER_TOKEN_"),
        *("env:BEACON_MEMBER_TOKEN_x", "Bearer abc", "env:BEACON_MEMBER_TOKEN_A\n"),
    ],
)
def test_a_token_policy_may_not_name_any_other_variable(policy):
    assert "a token policy is none, passthrough or env:BEACON_MEMBER_TOKEN_" in problem(
        token=policy
    )


def test_assemblies_are_read_in_any_spelling():
    assert entry(assemblies=["hg19", "GRCh38.p13"]).assemblies == (
        Assembly.GRCH37,
        Assembly.GRCH38,
    )


def test_an_unknown_assembly_is_refused_with_the_known_ones():
    assert "Use GRCh38" in problem(assemblies=["hg20"])


def test_assemblies_are_a_list():
    assert "assemblies" in problem(assemblies="GRCh38")


def test_groups_are_kept_once_each():
    assert entry(groups=["europe", "cancer", "europe"]).groups == ("europe", "cancer")


def test_a_group_is_named_like_a_member():
    assert "group “Big Group”" in problem(groups=["Big Group"])


@pytest.mark.parametrize(
    "changes",
    [
        {"timeout_s": 0},
        {"timeout_s": 601},
        {"max_concurrency": 0},
        {"description": "x" * 10_001},
        {"protocol": "v3"},
        {"dialect": {"start": "both"}},
        {"dialect": {"coordinates": 2}},
        {"dialect": {"answer": {"text": "maybe"}}},
        {"paused": {"note": "x" * 501}},
    ],
)
def test_values_out_of_bounds_are_refused(changes):
    assert next(iter(changes)) in problem(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"timeuot_s": 5},
        {"dialect": {"colour": "red"}},
        {"paused": {"unitl": "2026-01-01"}},
        {"organization": {"name": "x", "phone": "1"}},
    ],
)
def test_an_unknown_key_is_named(changes):
    assert problem(**changes).endswith(": unknown key")


def test_an_old_member_must_say_what_its_positions_count_from():
    assert "needs `dialect: {coordinates: 0|1}`" in problem(protocol="v0")


def test_an_old_member_that_says_so_is_taken():
    assert entry(protocol="v0", dialect={"coordinates": 0}).dialect.coordinates == 0


def test_a_member_without_a_name_is_shown_by_its_id():
    assert entry().display_name == "one"
    assert entry(name="The One").display_name == "The One"


def test_nothing_but_id_and_address_is_needed():
    made = entry()
    assert (made.protocol, made.token, made.disabled, made.paused) == (
        Protocol.AUTO,
        "none",
        False,
        None,
    )


def test_an_entry_is_the_same_after_a_round_trip():
    made = entry(
        protocol="v0",
        dialect={"coordinates": 1, "rename": {"start": "pos"}, "answer": {"exists": "r.e"}},
        assemblies=["GRCh37"],
        groups=["europe"],
        paused={"until": "2026-12-01", "note": "moving"},
    )
    assert MemberEntry.model_validate_json(made.model_dump_json()) == made


# --- pauses ---

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_a_pause_without_an_end_lasts():
    assert Pause().is_over(NOON) is False


def test_a_pause_until_a_date_ends_as_that_day_begins():
    pause = Pause(until=date(2026, 12, 1))
    assert pause.is_over(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) is False
    assert pause.is_over(datetime(2026, 12, 1, tzinfo=UTC)) is True


def test_a_pause_until_an_hour_ends_then():
    pause = Pause(until=NOON)
    assert pause.is_over(NOON - timedelta(seconds=1)) is False
    assert pause.is_over(NOON) is True


def test_an_hour_without_a_zone_is_utc():
    assert Pause(until=datetime(2026, 12, 1, 12)).is_over(NOON) is True  # noqa: DTZ001
    assert Pause(until=datetime(2026, 12, 1, 13)).is_over(NOON) is False  # noqa: DTZ001


def test_an_hour_of_another_zone_is_that_moment():
    pause = Pause(until=datetime(2026, 12, 1, 13, tzinfo=timezone(timedelta(hours=1))))
    assert pause.is_over(NOON) is True


# --- dialects ---


def test_what_is_stated_wins_and_the_rest_stays():
    learned = Dialect(method="POST", start="list")
    assert learned.merged(Dialect(start="scalar")) == Dialect(method="POST", start="scalar")


def test_joining_with_nothing_changes_nothing():
    learned = Dialect(method="POST", drop=("testMode",), indels=IndelStyle.BOTH)
    assert learned.merged(Dialect()) == learned
    assert Dialect().merged(learned) == learned


def test_a_stated_false_or_zero_is_stated():
    under = Dialect(wildcards=True, coordinates=1)
    over = Dialect(wildcards=False, coordinates=0)
    assert under.merged(over) == over


def test_nested_parts_survive_the_joining():
    dialect = Dialect(answer=AnswerShape(exists="a.b"), rename={"start": "pos"})
    assert Dialect(method="GET").merged(dialect).answer == AnswerShape(exists="a.b")


def test_equal_dialects_are_one_key():
    assert hash(Dialect(rename={"a": "b"})) == hash(Dialect(rename={"a": "b"}))


def test_nothing_is_known_of_a_member_that_was_never_looked_at():
    unknown = Capabilities()
    assert unknown.protocol is None
    assert unknown.entry_types is None
    assert unknown.data_sets == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": None}, "here.id: expected a text"),
        ({"name": "x" * 201}, "here.name: expected at most 200 characters"),
        ({"assemblies": 38}, "here.assemblies: expected a list"),
        ({"same_as": ["two", 2]}, "here.same_as.1: expected a text"),
        ({"dialect": "x"}, "here.dialect: expected keys and values"),
        ({"dialect": {"paths": []}}, "here.dialect.paths: expected keys and values"),
        ({"dialect": {"case": "mixed"}}, "here.dialect.case: expected 'upper' or 'lower'"),
        ({"disabled": "perhaps"}, "here.disabled: expected true or false"),
        ({"timeout_s": "soon"}, "here.timeout_s: expected a number"),
        ({"timeout_s": 0}, "here.timeout_s: expected more than 0"),
        ({"max_concurrency": 1.5}, "here.max_concurrency: expected a whole number"),
        ({"max_concurrency": 0}, "here.max_concurrency: expected at least 1"),
        ({"max_concurrency": 2000}, "here.max_concurrency: expected at most 1,000"),
        ({"organization": {}}, "here.organization.name: is needed"),
        ({"colour": "red"}, "here.colour: unknown key"),
        (
            {"url": "https://anna:secret@one.example.org"},
            "here.url: no user name or password in the address",
        ),
        *(
            (
                {"paused": {"until": until}},
                "here.paused.until: expected a day, as 2030-12-31, or a moment, as "
                "2030-12-31T08:00:00Z",
            )
            for until in ("soon", "2030-99-01", "2030-01-01T99:00", [1])
        ),
    ],
)
def test_problems_are_told_in_words_of_ours(changes, said):
    assert problem(**changes) == said


def test_every_problem_of_an_entry_is_described():
    with pytest.raises(ValidationError) as caught:
        entry(id="A", url="x", token="y", colour="red")
    told = describe_problems("file: member 1", caught.value.errors())
    assert [one.split(": ")[1] for one in told] == [
        "member 1.id",
        "member 1.url",
        "member 1.token",
        "member 1.colour",
    ]


@pytest.mark.parametrize(
    "address",
    [
        *("https://xn--a.org", "https://h:99999/", "https://[::1]bad/"),
        *("https://[b9@]%é@", "https://a\\b", f"https://{'ü' * 80}.org"),
    ],
)
def test_an_address_nobody_could_call_is_refused(address):
    with pytest.raises(ValidationError, match="not a web address"):
        MemberEntry.model_validate({"id": "a", "url": address})
    organization = {"name": "x", "logo_url": address}
    with pytest.raises(ValidationError, match="logo_url is no address that can be read"):
        MemberEntry.model_validate(
            {"id": "a", "url": "https://a.org", "organization": organization}
        )
