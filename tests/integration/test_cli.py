"""The real command in a process of its own, against a demo network in another."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import click
import pytest
import yaml
from click.testing import CliRunner

from aggregator import __version__
from aggregator.api.exports import CSV_HEADER
from aggregator.cli import cli
from demo import BEACON_IDS
from tests.official import official
from tests.ports import free_port
from tests.processes import ENDS_WITHIN_S, Started, environment, network, run, spawned

BRAF = "7-140753336-A-T"
"""Held in GRCh38 by demo-v11 and demo-records."""
NPM1 = "5-171410539-C-CTCTG"
"""Held by nobody."""
FOOTER = "For research and case finding. Confirm with the data holder before any clinical decision."
IN_GRCH38 = ("demo-v11", "demo-records", "demo-counts")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The demo network."""
    with network("demo", "--port", "0", folder=tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The demo network with one beacon down and one slower than anybody waits."""
    folder = tmp_path_factory.mktemp("faulty")
    faults = ("--down", "demo-v11", "--slow", "demo-counts=60")
    # checks would suspend them before long: here each question finds out by itself
    env = environment(BEACON_HEALTH__PROBE_S="0")
    with network("demo", "--port", "0", *faults, folder=folder, env=env) as started:
        yield started


@pytest.fixture
def dead_port() -> int:
    """A port nobody listens at."""
    return free_port()


@pytest.fixture
def web_page() -> Iterator[str]:
    """The address of a server that has nothing but a page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><title>Welcome</title><h1>Our institute</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def answered(faulty: Started, text: str, cwd: Path) -> None:
    """Let the network know what the beacon that is well says: then no hurry makes it late."""
    ran = run("query", text, "--url", faulty.url, "--ask", "demo-records", cwd=cwd)
    assert ran.code in {0, 10}, ran.err


def api(parameters: dict[str, str]) -> str:
    return "/api/g_variants?" + urlencode(parameters)


def nobody_has(**controls: str) -> str:
    """The path of the question that nobody answers with yes."""
    question = {"assemblyId": "GRCh38", "referenceName": "5", "start": "171410538"}
    return api({**question, "referenceBases": "C", "alternateBases": "CTCTG", **controls})


# --- the command itself


def test_version(tmp_path: Path) -> None:
    ran = run("--version", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, f"beacon-aggregator, version {__version__}\n")


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", [*commands()], ids=" ".join)
def test_help_says_what_every_option_and_command_is_for(path: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(cli, [*path, "--help"])
    assert ran.exit_code == 0
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert all(spelled in ran.output for spelled in option.opts), option.opts
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        assert re.search(rf"^  {name}  +\S", ran.output, re.M)
        assert below.help


def test_a_command_alone_shows_its_help_and_is_wrong_usage(tmp_path: Path) -> None:
    ran = run(cwd=tmp_path)
    assert ran.code == 2
    assert "Commands:" in ran.out + ran.err


# --- query a running network


def test_a_pipe_gets_plain_lines_and_the_sentence(demo: Started, tmp_path: Path) -> None:
    ran = run("query", BRAF, "--url", demo.url, cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    rows = [line.split("\t") for line in ran.lines[:5]]
    assert [len(row) for row in rows] == [5] * 5
    assert [row[1] for row in rows] == [
        *("○ not asked", "○ not asked", "✓ found", "✓ found", "– not found"),
    ]
    assert rows[0][4] == "assembly: holds only GRCh37, the question is in GRCh38"
    assert rows[2][2] == "214"
    assert ran.lines[5].startswith("2 of 3 beacons report this exact allele; 1 answered no.")
    assert "Searched: 5 data sets open to anonymous users, GRCh38." in ran.lines[5]
    assert ran.lines[-1] == FOOTER


def test_json_is_a_valid_beacon_document(demo: Started, tmp_path: Path) -> None:
    ran = run("query", BRAF, "--url", demo.url, "--json", cwd=tmp_path)
    document = json.loads(ran.out)
    assert ran.code == 0
    assert official.validate_v2_answer(document) == "record"
    assert document["responseSummary"]["exists"] is True
    assert [member["id"] for member in document["info"]["network"]["members"]] == [*BEACON_IDS]


def test_csv_has_a_row_per_member_and_data_set_and_nobody_missing(
    demo: Started, tmp_path: Path
) -> None:
    ran = run("query", BRAF, "--url", demo.url, "--csv", cwd=tmp_path)
    assert ran.code == 0
    assert ran.lines[0] == CSV_HEADER
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert list(dict.fromkeys(row["beacon_id"] for row in rows)) == [*BEACON_IDS]
    assert {(row["query"], row["assembly"]) for row in rows} == {(BRAF, "GRCh38")}
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["asked_at"]) for row in rows)
    told = {(row["beacon_id"], row["dataset_id"]): row["answer"] for row in rows}
    assert told["demo-v11", "urn:demo:tumours"] == "found"
    assert told["demo-v11", "urn:demo:genomes"] == "not_found"
    assert {row["reason"] for row in rows if row["answer"] == "not_asked"} == {"assembly"}


def test_a_name_people_use_is_a_question_too(demo: Started, tmp_path: Path) -> None:
    ran = run(
        "query", "BRAF V600E", "--url", f"{demo.url}/", "--granularity", "boolean", cwd=tmp_path
    )
    assert ran.code == 0


PEOPLE = ("query", "--path", "individuals", "--filter", "HP:0001250")
HELD_BY = ("demo-records", "demo-counts")
"""The demo beacons that have people."""


def test_people_with_a_phenotype_are_a_question_too(demo: Started, tmp_path: Path) -> None:
    ran = run(*PEOPLE, "--url", demo.url, cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("\t") for line in ran.lines[:5]]
    assert [row[1] for row in rows] == [*["○ not asked"] * 3, *["✓ found"] * 2]
    assert rows[0][4] == "entry_type: its protocol knows variants only, not individuals"
    assert [row[2] for row in rows[3:]] == ["6", "4"]
    assert ran.lines[5].startswith("2 of 2 beacons have individuals that fit this question")
    assert ran.lines[-1] == FOOTER


def test_the_table_of_people_names_no_assembly(demo: Started, tmp_path: Path) -> None:
    ran = run(*PEOPLE, "--filter", "age:!P40Y", "--url", demo.url, "--csv", cwd=tmp_path)
    assert ran.code == 0
    assert ran.lines[0] == CSV_HEADER
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert list(dict.fromkeys(row["beacon_id"] for row in rows)) == [*BEACON_IDS]
    assert {row["query"] for row in rows} == {"individuals HP:0001250 age:!P40Y"}
    assert {row["assembly"] for row in rows} == {""}
    found = {row["beacon_id"] for row in rows if row["answer"] == "found"}
    assert found == set(HELD_BY)
    assert {row["reason"] for row in rows if row["answer"] == "not_asked"} == {"entry_type"}


def test_a_gene_has_no_assembly_in_the_table(demo: Started, tmp_path: Path) -> None:
    ran = run("query", "BRAF V600E", "--url", demo.url, "--csv", cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {row["assembly"] for row in rows} == {""}


def test_the_document_about_people_is_a_valid_one(demo: Started, tmp_path: Path) -> None:
    ran = run(*PEOPLE, "--url", demo.url, "--json", cwd=tmp_path)
    document = json.loads(ran.out)
    assert ran.code == 0
    assert official.validate_v2_answer(document) == "record"
    assert document["meta"]["receivedRequestSummary"]["filters"] == ["HP:0001250"]
    sets = document["response"]["resultSets"]
    assert {one["info"]["memberId"] for one in sets} == set(HELD_BY)


def test_people_of_an_age_nobody_has_are_not_found_with_10(demo: Started, tmp_path: Path) -> None:
    asked = ("--path", "individuals", "--filter", "age:>P150Y")
    ran = run("query", *asked, "--url", demo.url, cwd=tmp_path)
    assert ran.code == 10
    assert ran.out.count("– not found") == 2


def test_a_filter_nobody_takes_is_unknown_with_3(demo: Started, tmp_path: Path) -> None:
    asked = ("--path", "individuals", "--filter", "HP:9999999")
    ran = run("query", *asked, "--url", demo.url, cwd=tmp_path)
    assert ran.code == 3
    assert "We do not know" in ran.out
    assert "– not found" not in ran.out


def test_not_found_by_those_who_were_selected_is_10(demo: Started, tmp_path: Path) -> None:
    selected = ("--ask", "demo-counts,demo-records")
    ran = run("query", NPM1, "--url", demo.url, *selected, cwd=tmp_path)
    assert ran.code == 10
    assert "None of the 2 beacons reports this allele in the data they let you search." in ran.out
    assert ran.out.count("not_selected: ") == 3


def test_a_group_can_be_selected(demo: Started, tmp_path: Path) -> None:
    selected = ("--assembly", "GRCh37", "--group", "grch37")
    ran = run("query", "7-140453136-A-T", "--url", demo.url, *selected, cwd=tmp_path)
    assert ran.code == 0
    assert ran.out.count("✓ found") == 2
    assert ran.out.count("not_selected: ") == 3


def test_unknown_is_3_and_says_not_to_read_it_as_a_no(faulty: Started, tmp_path: Path) -> None:
    answered(faulty, NPM1, tmp_path)
    ran = run("query", NPM1, "--url", faulty.url, "--wait", "0.3", cwd=tmp_path)
    assert ran.code == 3
    sentence = (
        "No complete answer: 1 beacon said no, but 2 did not answer. Do not read this as a no."
    )
    assert sentence in ran.out
    assert "! 2 members did not answer: a 'no' from them is missing" in ran.lines


def test_unknown_in_every_form_is_3_and_never_a_no(faulty: Started, tmp_path: Path) -> None:
    answered(faulty, NPM1, tmp_path)
    asked = ("query", NPM1, "--url", faulty.url, "--wait", "0.3")
    as_json = run(*asked, "--json", cwd=tmp_path)
    document = json.loads(as_json.out)
    assert (as_json.code, official.validate_v2_answer(document)) == (3, "error")
    assert document["info"]["network"]["verdict"] == "unknown"
    as_csv = run(*asked, "--csv", cwd=tmp_path)
    rows = {row["beacon_id"]: row for row in csv.DictReader(io.StringIO(as_csv.out))}
    assert as_csv.code == 3
    assert (rows["demo-v11"]["answer"], rows["demo-counts"]["reason"]) == ("no_answer", "timeout")


def test_found_is_0_though_somebody_is_missing(faulty: Started, tmp_path: Path) -> None:
    answered(faulty, BRAF, tmp_path)
    ran = run("query", BRAF, "--url", faulty.url, "--wait", "0.3", cwd=tmp_path)
    assert ran.code == 0
    assert "2 did not answer and 2 could not be asked, so there may be more." in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rs113488022",), "rs113488022 is a dbSNP id"),
        (("7-140753336-A-A",), "Reference and alternate base are the same."),
        ((BRAF, "--assembly", "hg12"), "“hg12” is not a human assembly known here."),
        ((BRAF, "--ask", "nobody"), "ask: no member of this network is called nobody"),
        ((BRAF, "--group", "nowhere"), "group: no member of this network is in a group"),
        ((BRAF, "--wait", "0"), "wait: a number of seconds above 0, or all"),
        ((BRAF, "--wait", "soon"), "Invalid value for '--wait'"),
        ((BRAF, "--loud"), "No such option"),
        ((BRAF, "--set", "deadline=3"), "expected SECTION.KEY=VALUE"),
        ((), "What is the question? Give a variant, e.g. 7-140753336-A-T, or --filter"),
        (("--path", "frogs"), "--path frogs: No entry type is served at this path."),
        (("--path", "individuals", "--filter", ""), "--filter: an empty one asks nothing"),
        (("--path", "individuals", "--filter", "filter"), "no question: filters=filter is no"),
        (("--path", "individuals", "--filter", "age:>"), "compares with “>”, but with no value"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_2_and_says_what_is_wrong(
    demo: Started, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ran = run("query", *arguments, "--url", demo.url, cwd=tmp_path)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_an_address_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    ran = run("query", BRAF, "--url", "beacons.example.org", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err == "--url beacons.example.org: an address starts with https:// (or http://).\n"


def test_a_dead_address_is_4(dead_port: int, tmp_path: Path) -> None:
    ran = run("query", BRAF, "--url", f"http://127.0.0.1:{dead_port}", cwd=tmp_path)
    assert ran.code == 4
    assert ran.err == f"http://127.0.0.1:{dead_port} cannot be reached: connection refused.\n"


def test_an_address_of_something_else_is_4(web_page: str, demo: Started, tmp_path: Path) -> None:
    page = run("query", BRAF, "--url", web_page, cwd=tmp_path)
    assert page.code == 4
    assert "does not answer like a Beacon network: no JSON" in page.err
    below = run("query", BRAF, "--url", f"{demo.url}/search", cwd=tmp_path)
    assert below.code == 4
    assert "There is nothing at /search/api/g_variants." in below.err
    member = run("query", BRAF, "--url", demo.beacons["demo-records"], cwd=tmp_path)
    assert member.code == 4
    assert "not like a network (no info.network)" in member.err


def test_neither_a_network_nor_members_is_4(tmp_path: Path) -> None:
    ran = run("query", BRAF, cwd=tmp_path)
    assert ran.code == 4
    assert "--url" in ran.err
    assert "--seed" in ran.err


def test_bad_settings_are_4_and_all_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("query: {deadline_s: soon, patience: 3}\nqueries: {}\n")
    ran = run("query", BRAF, "--config", "bad.yaml", cwd=tmp_path, BEACON_QUERRY__RETRIES="1")
    assert ran.code == 4
    assert len(ran.err.splitlines()) == 4
    for name in ("query.deadline_s", "query.patience", "queries", "BEACON_QUERRY__RETRIES"):
        assert name in ran.err
    missing = run("query", BRAF, "--config", "none.yaml", cwd=tmp_path)
    assert (missing.code, missing.err) == (
        4,
        "none.yaml: cannot be read: No such file or directory\n",
    )


def test_the_reader_of_a_pipe_may_leave(demo: Started, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    asked = ("query", BRAF, "--url", demo.url, "--json")
    with spawned(*asked, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        _, err = process.communicate(timeout=ENDS_WITHIN_S)
    assert (process.returncode, err) == (141, b"")


# --- query members from this process


def test_members_can_be_asked_without_a_running_network(demo: Started, tmp_path: Path) -> None:
    seed = demo.members_file(tmp_path / "members.yaml")
    work = tmp_path / "work"
    work.mkdir()
    members = ("--seed", seed, "--set", "security.allow_private_members=true")
    found = run("query", BRAF, *members, cwd=work)
    assert (found.code, found.err) == (0, "")
    assert "2 of 3 beacons report this exact allele; 1 answered no." in found.out
    nobody = run("query", NPM1, *members, "--json", cwd=work)
    document = json.loads(nobody.out)
    assert (nobody.code, official.validate_v2_answer(document)) == (10, "record")
    assert document["responseSummary"]["exists"] is False
    assert list(work.iterdir()) == []


def test_members_on_private_addresses_are_not_called_by_default(
    demo: Started, tmp_path: Path
) -> None:
    seed = demo.members_file(tmp_path / "members.yaml")
    ran = run("query", NPM1, "--seed", seed, "--json", cwd=tmp_path)
    document = json.loads(ran.out)
    assert (ran.code, official.validate_v2_answer(document)) == (3, "error")
    reasons = {
        member["id"]: (member["reason"] or {}).get("code")
        for member in document["info"]["network"]["members"]
    }
    assert {reasons[name] for name in IN_GRCH38} == {"address"}


def test_a_wrong_selection_is_said_before_anybody_is_asked(tmp_path: Path, dead_port: int) -> None:
    seed = tmp_path / "members.yaml"
    seed.write_text(f"members: [{{id: one, url: 'http://127.0.0.1:{dead_port}', protocol: v2}}]\n")
    ran = run("query", BRAF, "--seed", seed, "--ask", "two", "--wait", "-1", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "wait: a number of seconds above 0, or all",
        "ask: no member of this network is called two",
    ]


# --- interrupted


@pytest.mark.parametrize("way", ["--url", "--seed"])
def test_an_interrupted_question_is_130(way: str, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        silent.settimeout(ENDS_WITHIN_S)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        seed = tmp_path / "members.yaml"
        seed.write_text(f"members: [{{id: silent, url: '{address}', protocol: v2}}]\n")
        whom = ("--url", address)
        if way == "--seed":
            whom = ("--seed", str(seed), "--set", "security.allow_private_members=true")
        asked = ("query", BRAF, *whom, "--wait", "60")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with spawned(*asked, cwd=tmp_path, **pipes) as process:
            connection, _ = silent.accept()  # it is asking now
            with connection:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=ENDS_WITHIN_S)
    assert (process.returncode, out, err) == (130, b"", b"\nStopped.\n")


# --- in a terminal


def in_a_terminal(*arguments: str | Path, cwd: Path) -> tuple[int, str]:
    """Run under a pseudo-terminal; gives the exit code and all that was written."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        env = environment(TERM="xterm-256color")
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        with spawned(*arguments, cwd=cwd, env=env, **streams) as process:
            os.close(theirs)
            theirs = -1
            written = read_to_end(ours)
            return process.wait(ENDS_WITHIN_S), written
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)


def read_to_end(descriptor: int) -> str:
    written = b""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # Linux says the other end is closed in this way
            return written.decode()
        if not piece:
            return written.decode()
        written += piece
    raise AssertionError(f"still writing: {written.decode()}")


def plain(written: str) -> list[str]:
    """What a terminal shows, without colours and cursor movements."""
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", written).replace("\r", "").splitlines()


def test_a_terminal_shows_members_as_they_answer_and_ends_with_the_verdict(
    faulty: Started, tmp_path: Path
) -> None:
    seed = faulty.members_file(tmp_path / "members.yaml")
    members = ("--seed", seed, "--set", "security.allow_private_members=true")
    code, written = in_a_terminal("query", BRAF, *members, "--wait", "4", cwd=tmp_path)
    assert code == 0
    shown = plain(written)
    assert [line for line in shown if "Cohort Platform" in line and "… asking" in line]
    last = "\n".join(shown[shown.index(next(ln for ln in reversed(shown) if "Why" in ln)) :])
    assert "… asking" not in last
    assert "! no answer" in last
    assert "✓ found" in last
    assert "1 of 1 beacons report this exact allele; 0 answered no." in last
    assert shown[-1] == FOOTER


def test_a_terminal_shows_the_answer_of_a_running_network(demo: Started, tmp_path: Path) -> None:
    code, written = in_a_terminal("query", NPM1, "--url", demo.url, cwd=tmp_path)
    assert code == 10
    shown = plain(written)
    assert any(line.startswith("Beacon ") and "Answer" in line for line in shown)
    assert any(line.startswith("None of the 3 beacons reports this allele") for line in shown)


# --- check


def test_check_of_a_version_2_beacon(demo: Started, tmp_path: Path) -> None:
    url = demo.beacons["demo-records"]
    ran = run("check", url, "--private", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert f"  {url}/info: Beacon v2 (v2.2.0) “Demo: Genome Archive Beacon”" in ran.out
    assert "✓ Demo: Genome Archive Beacon: Beacon v2, version v2.2.0" in ran.lines
    assert "  software, as guessed: EGA beacon2-pi-api" in ran.lines
    assert "  dataset: /datasets" in ran.lines
    assert "concurrent False (software)" in ran.out
    assert f"  sent: curl -gsS '{url}/g_variants?referenceName=7&assemblyId=GRCh38" in ran.out
    assert "✓ Reports this allele at least once" in ran.out
    assert list(tmp_path.iterdir()) == []


def test_check_tells_the_test_questions(demo: Started, tmp_path: Path) -> None:
    url = demo.beacons["demo-counts"]
    ran = run("check", url, "--private", cwd=tmp_path, BEACON_REGISTRY__PROBE="true")
    assert "  test: POST /api/g_variants " in ran.out
    assert "HTTP 200; " in ran.out


def test_check_asks_a_version_1_beacon_in_an_assembly_it_holds(
    demo: Started, tmp_path: Path
) -> None:
    ran = run("check", demo.beacons["demo-v1"], "--private", cwd=tmp_path)
    assert ran.code == 0
    assert "  assemblies: GRCh37" in ran.lines
    assert '"assemblyId":"GRCh37","referenceName":"7","start":140453135' in ran.out
    assert "✓ Reports this allele at least once" in ran.out


def test_check_asks_what_it_is_told_to(demo: Started, tmp_path: Path) -> None:
    asked = ("--text", NPM1, "--assembly", "GRCh38", "--protocol", "v2")
    ran = run("check", demo.beacons["demo-records"], "--private", *asked, cwd=tmp_path)
    assert ran.code == 0
    assert "✓ Not in the data sets searched" in ran.out
    other = run("check", demo.beacons["demo-v1"], "--private", "--text", NPM1, cwd=tmp_path)
    assert other.code == 0
    assert '"assemblyId":"GRCh37","referenceName":"5","start":171410538' in other.out


def test_check_of_a_page_is_4_and_says_what_to_give(web_page: str, tmp_path: Path) -> None:
    ran = run("check", web_page, "--private", cwd=tmp_path)
    assert ran.code == 4
    assert f"{web_page}/info: an HTML page" in ran.out
    assert "Give the address whose /info (v2) or / (v1) describes the beacon." in ran.out


def test_check_of_a_dead_port_is_4(dead_port: int, tmp_path: Path) -> None:
    ran = run("check", f"http://127.0.0.1:{dead_port}", "--private", cwd=tmp_path)
    assert ran.code == 4
    assert "cannot be reached: connection refused" in ran.out


def test_check_refuses_a_private_address_and_says_how_to_allow_it(
    demo: Started, tmp_path: Path
) -> None:
    ran = run("check", demo.beacons["demo-records"], cwd=tmp_path)
    assert ran.code == 4
    assert "is at an address this network does not call: a loopback address" in ran.out
    assert "Add --private" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ftp://example.org",), "starts with https://"),
        (("https://a.example.org", "--text", "rs334"), "is a dbSNP id"),
        (("https://a.example.org", "--assembly", "hg12"), "“hg12” is not a human assembly"),
        (("https://a.example.org", "--assembly", "hg18"), "give one with --text"),
    ],
)
def test_check_of_what_cannot_be_asked_is_2(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ran = run("check", *arguments, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


# --- members and settings


def test_members_are_listed(demo: Started, tmp_path: Path) -> None:
    seed = demo.members_file(tmp_path / "members.yaml")
    ran = run("members", "list", "--seed", seed, cwd=tmp_path)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.lines] == [*BEACON_IDS]
    as_json = run("members", "list", "--seed", seed, "--json", cwd=tmp_path)
    assert [entry["id"] for entry in json.loads(as_json.out)] == [*BEACON_IDS]


def test_only_members_that_are_paused_now_are_listed_as_paused(tmp_path: Path) -> None:
    seed = tmp_path / "members.yaml"
    seed.write_text(
        "members:\n"
        "  - {id: rests, url: 'https://a.example.org', paused: {until: 2999-01-01}}\n"
        "  - {id: is-back, url: 'https://b.example.org', paused: {until: 2001-01-01}}\n"
        "  - {id: is-off, url: 'https://c.example.org', disabled: true}\n"
    )
    ran = run("members", "list", "--seed", seed, cwd=tmp_path)
    assert [line.split()[0::3] for line in ran.lines] == [
        *(["rests", "paused"], ["is-back"], ["is-off", "disabled"]),
    ]


def test_every_problem_of_a_members_file_is_named(tmp_path: Path) -> None:
    seed = tmp_path / "members.yaml"
    seed.write_text(
        "members:\n"
        "  - {id: Bad Id, url: 'ftp://one.example.org', colour: blue}\n"
        "  - {id: old, url: 'https://old.example.org', protocol: v0}\n"
        "  - {id: twice, url: 'https://a.example.org', token: secret}\n"
        "  - {id: same, url: 'https://b.example.org'}\n"
        "  - {id: same, url: 'https://c.example.org', dialect: {colour: blue}}\n"
        "  - just a text\n"
        "  - {id: same, url: 'https://d.example.org'}\n"
    )
    ran = run("members", "list", "--seed", seed, cwd=tmp_path)
    assert (ran.code, ran.out) == (4, "")
    problems = ran.err.splitlines()
    assert len(problems) == 8
    for said in (
        *("(Bad Id).id: ", "(Bad Id).url: ", "(Bad Id).colour: unknown key"),
        *("(old): a v0 member needs", "(twice).token: ", "(same).dialect.colour: unknown key"),
        *("member 6 (?)", "the id same is given 2 times"),
    ):
        assert said in ran.err


def test_no_members_file_is_4(tmp_path: Path) -> None:
    assert run("members", "list", cwd=tmp_path).code == 4
    assert run("members", "list", "--seed", "none.yaml", cwd=tmp_path).code == 4


def test_settings_are_shown_as_they_apply_and_secrets_are_not(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "query: {deadline_s: 3, max_deadline_s: 4, member_timeout_s: 5}\n"
        "outbound: {proxy: 'http://user:sesame@proxy.example.org:3128'}\n"
    )
    ran = run(
        *("config", "show", "--config", "ours.yaml", "--set", "query.deadline_s=1"),
        cwd=tmp_path,
        BEACON_QUERY__DEADLINE_S="2",
        BEACON_QUERY__MAX_DEADLINE_S="9",
        BEACON_SECURITY__ADMIN_TOKEN="open-sesame-open-sesame",
    )
    assert ran.code == 0
    shown = yaml.safe_load(ran.out)
    query = shown["query"]
    assert (query["deadline_s"], query["max_deadline_s"], query["member_timeout_s"]) == (1, 9, 5)
    assert query["connect_timeout_s"] == 3
    assert "sesame" not in ran.out
    assert shown["outbound"]["proxy"] == "http://user:**********@proxy.example.org:3128"


# --- demo and serve


def test_a_failing_demo_beacon_is_named_and_its_no_is_missing(faulty: Started) -> None:
    faulty.get(nobody_has(ask="demo-records"))  # what it says is known from now on
    status, headers, body = faulty.get(nobody_has(wait="3"))
    document = json.loads(body)
    assert status == 502
    assert headers["Cache-Control"] == "no-store"
    assert official.validate_v2_answer(document) == "error"
    told = {member["id"]: member for member in document["info"]["network"]["members"]}
    assert told["demo-v11"]["reason"]["code"] == "connect"
    assert told["demo-counts"]["reason"]["code"] == "timeout"
    assert told["demo-records"]["answer"] == "not_found"
    assert "Add partial=allow to accept it as it is." in document["error"]["errorMessage"]


def test_an_incomplete_no_is_given_to_those_who_take_it(faulty: Started) -> None:
    faulty.get(nobody_has(ask="demo-records"))
    status, headers, body = faulty.get(nobody_has(wait="0.3", partial="allow"))
    document = json.loads(body)
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert official.validate_v2_answer(document) == "boolean"
    assert document["responseSummary"]["exists"] is False
    assert document["info"]["network"]["complete"] is False


def test_only_timeouts_missing_is_a_gateway_timeout(faulty: Started) -> None:
    faulty.get(nobody_has(ask="demo-records"))
    status, _, body = faulty.get(nobody_has(wait="0.3", ask="demo-counts,demo-records"))
    assert status == 504
    assert "demo-counts (timeout)" in json.loads(body)["error"]["errorMessage"]


def test_the_demo_says_who_is_down_or_slow(faulty: Started) -> None:
    assert re.search(r"demo-v11 +http://\S+   \(down\)", faulty.out)
    assert re.search(r"demo-counts +http://\S+   \(answers after 60 s\)", faulty.out)


def test_what_the_demo_suggests_works(demo: Started) -> None:
    suggested = re.findall(r"'(http://[^']+)'", demo.out)
    assert len(suggested) == 3
    for url in suggested:
        status, _, body = demo.get(url.removeprefix(demo.url))
        assert status == 200
        assert json.loads(body)
    page = re.search(r"in a browser +(http://\S+)", demo.out)
    assert page
    status, headers, body = demo.get(page[1].removeprefix(demo.url), {"Accept": "text/html"})
    assert (status, headers.get_content_type()) == (200, "text/html")
    assert b"2 of 3 beacons report this exact allele" in body


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_port_that_is_taken_is_4_with_the_way_out(
    command: str, demo: Started, tmp_path: Path
) -> None:
    port = demo.url.rpartition(":")[2]
    ran = run(command, "--port", port, cwd=tmp_path)
    assert (ran.code, ran.out) == (4, "")
    assert f"127.0.0.1:{port} cannot be used: address already in use.\nChoose another" in ran.err


def test_faults_of_no_demo_beacon_are_2_and_all_named(tmp_path: Path) -> None:
    faults = ("--slow", "demo-v1", "--slow", "demo-v2=1", "--down", "nobody")
    ran = run("demo", "--port", "0", *faults, cwd=tmp_path)
    assert ran.code == 2
    assert "--slow demo-v1: expected ID=SECONDS" in ran.err
    assert "No demo beacon is called demo-v2, nobody: there are demo-legacy, " in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_demo_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with network("demo", "--port", "0", folder=tmp_path) as started:
        assert started.stop(number) == 0
        assert started.out.endswith("\nStopping.\n")
        assert started.err == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["err", "out"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_served_network_answers_and_stops_cleanly(
    number: signal.Signals, demo: Started, tmp_path: Path
) -> None:
    seed = demo.members_file(tmp_path / "members.yaml")
    (tmp_path / "ours.yaml").write_text(
        "registry: {seed: members.yaml}\nsecurity: {allow_private_members: true}\n"
    )
    arguments = (
        "serve",
        "--config",
        tmp_path / "ours.yaml",
        "--port",
        "0",
        "--set",
        "log.format=json",
    )
    with network(*arguments, folder=tmp_path) as started:
        status, _, body = started.get(nobody_has(ask="demo-counts"))
        assert (status, json.loads(body)["responseSummary"]) == (200, {"exists": False})
        assert started.stop(number) == 0
        log = [json.loads(line) for line in started.err.splitlines()]
    assert [line["event"] for line in log][-1] == "stopping"
    assert "171410538" not in started.err
    assert seed.exists()


def test_the_module_is_the_command(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "beacon-aggregator"
    assert run("--version", cwd=tmp_path, command=[str(script)]) == run("--version", cwd=tmp_path)
