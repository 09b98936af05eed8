"""Whether another address stays with whom it was: else the operator is asked first."""

import pytest

from aggregator.api.entry_changes import is_same_host

HERE = "https://beacon.example.org/api"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (HERE, "https://beacon.example.org/other"),
        (HERE, "https://beacon.example.org:443/api"),
        ("http://beacon.example.org/api", HERE),
        ("http://beacon.example.org/api", "http://beacon.example.org:80/api"),
        ("http://[::1]:5000/api", "http://[::1]:5000"),
    ],
)
def test_it_stays(here: str, there: str):
    assert is_same_host(here, there)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (HERE, "http://beacon.example.org/api"),
        (HERE, "https://beacon.example.com/api"),
        (HERE, "https://api.beacon.example.org/api"),
        (HERE, "https://beacon.example.org:8443/api"),
        ("https://beacon.example.org:8443/api", "http://beacon.example.org:8443/api"),
        (HERE, "https://beacon.example.org.evil.example/api"),
        (HERE, "https://evil.example/beacon.example.org"),
        ("http://[::1]:5000/api", "http://[::1]:5001/api"),
    ],
)
def test_it_goes_to_somebody_else(here: str, there: str):
    assert not is_same_host(here, there)
