"""What the documentation says of alerts is so: its programs are run, its tables are the code's."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from aggregator.watch.alerts.sending import Letter
from aggregator.watch.alerts.words import Place, letter
from registry.alert_deliveries import document_of
from registry.alerts import (
    MANY_MEMBERS,
    MOST_AN_HOUR,
    MOST_TARGETS,
    RETRIES_S,
    Delivery,
    Held,
    Kind,
    State,
    Target,
    Wishes,
    signature,
)
from registry.incidents import Event, IncidentKey, Topic
from tests.alert_kit import NOON

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
SECRET = "bas_example"
BODY = b'{"text":"example"}'
STAMP = "1767225600"


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)
    return str(found[0])


def test_the_python_of_the_page_knows_what_is_genuine() -> None:
    names: dict[str, Any] = {}
    exec(compile(block("python"), "alerts.md", "exec"), names)
    is_genuine = names["is_genuine"]
    now = str(int(time.time()))
    signed = signature(SECRET, now, BODY)
    assert is_genuine(SECRET, now, signed, BODY)
    assert not is_genuine(SECRET, now, signed, BODY + b" ")
    assert not is_genuine("bas_other", now, signed, BODY)
    assert not is_genuine(SECRET, str(int(now) + 1), signed, BODY)
    old = str(int(now) - 3600)
    assert not is_genuine(SECRET, old, signature(SECRET, old, BODY), BODY)


def test_the_shell_of_the_page_signs_as_we_do(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to run the example with")
    body = tmp_path / "body"
    body.write_bytes(BODY)
    told = subprocess.run(
        ["/bin/sh", "-c", block("sh")],
        env={"PATH": os.environ["PATH"], "TIMESTAMP": STAMP, "SECRET": SECRET, "BODY_FILE": body},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    assert told == signature(SECRET, STAMP, BODY)
    assert told in PAGE


def test_every_topic_and_key_has_its_row() -> None:
    topics = PAGE.split("| topic | what it means |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", topics, re.M) == [one.value for one in Topic]
    keys = PAGE.split("| key | what it does |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", keys, re.M) == [*Wishes.model_fields, "on"]


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"up to {MOST_TARGETS} addresses" in PAGE
    assert f"more than {MANY_MEMBERS} members are one message" in PAGE
    assert f"at most {MOST_AN_HOUR} messages an hour" in PAGE
    rows = re.findall(r"^\| (\d+)(?: and later)? \| (\d+) (s|min|h) \|", PAGE, re.M)
    unit = {"s": 1, "min": 60, "h": 3600}
    assert [int(attempt) for attempt, *_ in rows] == [*range(2, 2 + len(RETRIES_S))]
    assert [int(number) * unit[name] for _, number, name in rows] == [*RETRIES_S]


def sent() -> Letter:
    """A message as it is sent."""
    target = Target("5f0c", "one", Kind.WEBHOOK, "https://x.example", "s", Wishes(), NOON, 0)
    event = Event(
        *("k", "one", Topic.OUTAGE, "began", NOON, "it does not answer: connection refused", 1),
        details={"incident": 17, "incident_id": IncidentKey("one", Topic.OUTAGE, NOON).id},
    )
    told = Delivery(
        *(17, "5f0c", "k", "", State.DUE, Held.NOTHING, document_of(event), 0),
        *(NOON, NOON, NOON, None, ""),
    )
    place = Place("Our network", "https://network.example.org", str.title, lambda one: False)
    return letter(told, target, place, NOON, links={})


def test_the_example_of_the_page_is_what_is_sent() -> None:
    example, real = json.loads(block("json")), json.loads(sent().body)
    assert {**example, "id": ""} == {**real, "id": ""}
    keys = PAGE.split("| key | meaning |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", keys, re.M) == [*real, "items", "more"]
