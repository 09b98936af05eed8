"""`/v1/`: which data sets a client of version 1 sees, and in which assembly."""

import pytest

from aggregator.protocol import documents_v1
from tests.builders import US
from tests.official import official
from tests.unit.protocol.building import member

BOTH = ("GRCh38", "GRCh37")


@pytest.mark.parametrize(
    ("assemblies", "told", "listed"),
    [
        (("GRCh38",), {"wgs": None, "wes": None}, {"wgs": "GRCh38", "wes": "GRCh38"}),
        ((), {"wgs": "GRCh37", "wes": "GRCh38"}, {"wgs": "GRCh37", "wes": "GRCh38"}),
        (("GRCh38",), {"wgs": "GRCh37", "wes": None}, {"wgs": "GRCh37", "wes": "GRCh38"}),
        (BOTH, {"wgs": None}, {"GRCh38": "GRCh38", "GRCh37": "GRCh37"}),
        (BOTH, {"wgs": "GRCh37", "wes": None}, {"wgs": "GRCh37", "GRCh38": "GRCh38"}),
        (("GRCh38",), {"wgs": "hg19"}, {"wgs": "hg19", "GRCh38": "GRCh38"}),
        ((), {"wgs": "GRCh37", "wes": None}, {"wgs": "GRCh37"}),
        ((), {}, {"GRCh38": "GRCh38", "GRCh37": "GRCh37"}),
        ((), {"wgs": None}, {"GRCh38": "GRCh38", "GRCh37": "GRCh37"}),
        (("GRCh37",), {}, {"GRCh37": "GRCh37"}),
    ],
)
def test_a_data_set_is_in_the_assembly_it_names_or_in_the_only_one_of_its_beacon(
    assemblies: tuple[str, ...], told: dict[str, str | None], listed: dict[str, str]
) -> None:
    one = member(assemblies=assemblies, data_sets=told)
    document = documents_v1.beacon_document(US, "https://network.example.org", [one])
    official.validate_v1(document, "beacon")
    assert {each["id"]: each["assemblyId"] for each in document["datasets"]} == {
        f"one:{name}": assembly for name, assembly in listed.items()
    }


def test_who_has_no_member_yet_is_a_valid_beacon_all_the_same() -> None:
    document = documents_v1.beacon_document(US, "https://network.example.org", [])
    official.validate_v1(document, "beacon")
    assert [each["id"] for each in document["datasets"]] == ["org.example.network"]
