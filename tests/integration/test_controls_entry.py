"""Operators name variants a member is known to hold: at the API, in forms, on the command line."""

from collections.abc import AsyncIterator

import pytest

from aggregator.api.admin_forms import Sent, document_of, values_of
from aggregator.base.errors import BadQuery
from aggregator.commands.entry_fields import FieldValue
from registry.models import MemberEntry
from tests.integration.operators import SECURED, call, problem_of
from tests.networks import Running, entry, network_of, nothing_left

__all__ = ["nothing_left"]

KNOWN = {"variant": "7-140753336-A-T", "assembly": "GRCh38", "dataset": "exomes"}
TEXT = "7-140753336-A-T GRCh38 exomes"


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[Running]:
    async with network_of([entry("https://two.example.org/api", "two")], security=SECURED) as net:
        yield net


async def test_they_are_kept_as_they_were_named(net: Running) -> None:
    changed = await call(net, "PATCH", "members/two", {"controls": [KNOWN, "7-140753337-C-G hg38"]})
    assert changed.status == 200, changed.text
    (first, second) = net.network.registry.store.members[0].entry.controls
    assert first.model_dump(mode="json") == KNOWN
    assert str(second) == "7-140753337-C-G GRCh38"
    gone = await call(net, "PATCH", "members/two", {"controls": None})
    assert gone.status == 200, gone.text
    assert net.network.registry.store.members[0].entry.controls == ()


@pytest.mark.parametrize(
    ("controls", "problem"),
    [
        ("7-140753336-A-T GRCh38", "controls: expected a list"),
        ([7], "controls.0: expected keys and values"),
        (["BRAF GRCh38"], "controls.0: “BRAF” is no variant with its place and bases"),
        (["7-140753336-A-T"], "controls.0: expected a variant and its assembly"),
        ([{**KNOWN, "assembly": "GRCh99"}], "controls.0"),
        ([{**KNOWN, "variant": "7-940753336-A-T"}], "beyond the end"),
        ([{**KNOWN, "variant": 7}], "controls.0.variant: expected a text"),
        ([{**KNOWN, "dataset": ""}], "controls.0.dataset: is empty"),
        ([{**KNOWN, "extra": 1}], "controls.0.extra: unknown key"),
        ([TEXT] * 51, "controls: more than 50 in the list"),
    ],
)
async def test_mistakes_are_named_and_nothing_is_kept(
    net: Running, controls: object, problem: str
) -> None:
    refused = await call(net, "PATCH", "members/two", {"controls": controls}, status=400)
    assert problem in problem_of(refused)
    assert net.network.registry.store.members[0].entry.controls == ()


async def test_registrations_cannot_name_any(net: Running) -> None:
    body = {"url": "https://new.example.org", "id": "new", "controls": [TEXT]}
    refused = await net.ask(path="/join", body=body)
    assert "controls: only the operator" in refused.text


def test_a_form_holds_them_as_texts() -> None:
    one = MemberEntry.model_validate(
        {"id": "one", "url": "https://one.example", "controls": [KNOWN, "7-140753337-C-G hg19"]}
    )
    values = values_of(one)
    assert values["controls"] == (f"{TEXT}, 7-140753337-C-G GRCh37",)
    pairs = [(name, value) for name, told in values.items() for value in told]
    document = document_of(Sent.of(pairs))
    again = {key: value for key, value in document.items() if value is not None}
    assert MemberEntry.model_validate({"id": "one", **again}).controls == one.controls


def test_a_form_without_them_takes_them_away() -> None:
    try:
        document = document_of(Sent.of([("url", "https://one.example"), ("controls", " ")]))
    except BadQuery as error:
        raise AssertionError(error.problems) from error
    assert document["controls"] is None


def test_the_command_line_reads_a_list_of_texts() -> None:
    path, value = FieldValue().convert(f"controls={TEXT}, 7-140753337-C-G hg19", None, None)
    assert path == ("controls",)
    assert value == [TEXT, "7-140753337-C-G hg19"]
