"""Logs for machines and people, and what never gets into them."""

import json
import logging

import pytest
import structlog

from aggregator.base.logs import configure
from aggregator.base.sections import LogSettings


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    root, access = logging.getLogger(), logging.getLogger("aiohttp.access")
    before = root.handlers, root.level, access.disabled
    yield
    root.handlers, access.disabled = before[0], before[2]
    root.setLevel(before[1])
    structlog.reset_defaults()


def fail(secret):
    try:
        [][len(secret)]
    except IndexError:
        structlog.get_logger("ours").exception("asking failed", member="one")


def test_machines_get_one_json_object_a_line(capsys):
    configure(LogSettings(level="info", format="json"))
    structlog.get_logger("ours").info("member asked", member="one")
    logging.getLogger("theirs").warning("odd %s", "thing")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["member"], ours["level"]) == ("member asked", "one", "info")
    assert (theirs["event"], theirs["logger"]) == ("odd thing", "theirs")


def test_without_a_terminal_logs_are_for_machines(capsys):
    configure(LogSettings(level="info", format="auto"))
    structlog.get_logger("ours").info("member asked")
    assert json.loads(capsys.readouterr().err)["event"] == "member asked"


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_lower_levels_are_left_out(capsys, level):
    configure(LogSettings(level=level, format="json"))
    structlog.get_logger("ours").debug("detail")
    structlog.get_logger("ours").error("trouble")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
        "trouble"
    ]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_where_but_no_values(capsys, form):
    configure(LogSettings(level="info", format=form))
    fail(secret="17-43045704-G-A")
    written = capsys.readouterr().err
    assert "IndexError" in written
    assert "test_logs.py" in written
    assert "43045704" not in written


def test_addresses_with_their_questions_are_not_logged(capsys):
    configure(LogSettings(level="debug", format="json"))
    logging.getLogger("aiohttp.access").info("GET /api/g_variants?start=43045703")
    assert capsys.readouterr().err == ""
