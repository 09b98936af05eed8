"""The serving process as an operator meets it: workers, signals, draining, readiness."""

import json
import os
import re
import signal
import socket
import sys
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from aggregator.commands.workers import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause_s
from tests.networks import BRAF, DemoRunning, says
from tests.processes import ENDS_WITHIN_S, Started, eventually, fetch, network, run, spawned

QUESTION = f"/api/g_variants?{urlencode(BRAF)}"

PATIENT = ("query.deadline_s=60", "query.member_timeout_s=60", "query.connect_timeout_s=10")
"""Settings under which a question that is held is still running when the machine is slow."""


class HoldingBeacon(ThreadingHTTPServer):
    """A beacon that answers questions when `go` is set, and tells when one is waiting."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Holding)
        self.asked = Event()
        self.go = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A network that was killed leaves in the middle of an answer."""


class _Holding(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        beacon = self.server
        assert isinstance(beacon, HoldingBeacon)
        body, status = b"{}", 404
        if "/g_variants" in self.path:
            beacon.asked.set()
            beacon.go.wait(ENDS_WITHIN_S)
            body, status = json.dumps(says(True)).encode(), 200
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def beacon() -> Iterator[HoldingBeacon]:
    with HoldingBeacon() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.go.set()
        server.shutdown()
        thread.join()


@contextmanager
def serving(folder: Path, *sets: str, beacon: HoldingBeacon | None = None) -> Iterator[Started]:
    url = beacon.url if beacon else "http://127.0.0.1:9"
    members = [{"id": "holding", "url": url, "protocol": "v2", "dialect": {"method": "GET"}}]
    seed = folder / "members.yaml"
    seed.write_text(yaml.safe_dump({"members": members}), encoding="utf-8")
    settings = ["security.allow_private_members=true", *PATIENT, *sets]
    chosen = [word for each in settings for word in ("--set", each)]
    with network("serve", "--port", "0", "--seed", seed, *chosen, folder=folder) as started:
        yield started


def workers_of(started: Started) -> dict[int, int]:
    """The newest process of every worker, by its number."""
    began = [line for line in started.logged if line.get("event") == "worker started"]
    return {line["worker"]: line["pid"] for line in began}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def answering_worker(started: Started) -> str | None:
    try:
        _, _, body = started.get("/metrics")
    except OSError:  # it was at the door of a worker that was killed
        return None
    found = re.search(rb'worker="(\d)"', body)
    return found[1].decode() if found else None


def both_answer(started: Started) -> bool:
    """Connections are spread by the kernel; enough of them reach everybody."""
    return {answering_worker(started) for _ in range(40)} == {"0", "1"}


def is_refused(url: str) -> bool:
    try:
        fetch(f"{url}/livez")
    except urllib.error.URLError as error:
        return isinstance(error.reason, ConnectionRefusedError)
    except (ConnectionError, TimeoutError):
        return False
    return False


def test_several_workers_need_a_registry_they_can_share(tmp_path: Path) -> None:
    sets = ("--set", "server.workers=2", "--set", "registry.url=sqlite:///:memory:")
    ended = run("serve", "--port", "0", *sets, cwd=tmp_path)
    assert ended.code == 4
    assert "with server.workers 2 give a file" in ended.err


def test_workers_share_the_port_and_one_identity(tmp_path: Path) -> None:
    with serving(tmp_path, "server.workers=2") as started:
        eventually(lambda: both_answer(started))
        names = {json.loads(started.get("/service-info")[2])["id"] for _ in range(20)}
        assert len(names) == 1
        pids = workers_of(started)
        assert started.stop(signal.SIGTERM) == 0
        assert not any(is_alive(pid) for pid in pids.values())


def test_a_crashed_worker_is_started_again(tmp_path: Path) -> None:
    with serving(tmp_path, "server.workers=2") as started:
        first = eventually(lambda: pids if len(pids := workers_of(started)) == 2 else None)
        os.kill(first[1], signal.SIGKILL)
        eventually(lambda: workers_of(started)[1] != first[1])
        eventually(lambda: both_answer(started))
        assert workers_of(started)[0] == first[0]
        assert '"event": "worker ended"' in started.err
        assert started.stop(signal.SIGINT) == 0


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    with serving(tmp_path, "server.workers=2") as started:
        pids = eventually(lambda: pids if len(pids := workers_of(started)) == 2 else None)
        started.process.kill()
        eventually(lambda: not any(is_alive(pid) for pid in pids.values()))


def test_wrong_members_are_said_once_and_end_everything(tmp_path: Path) -> None:
    seed = tmp_path / "members.yaml"
    seed.write_text("members:\n  - id: UPPER\n", encoding="utf-8")
    ended = run("serve", "--port", "0", "--seed", seed, "--set", "server.workers=3", cwd=tmp_path)
    assert ended.code == 4
    assert ended.err.count("members.yaml") == ended.err.count("UPPER") or "UPPER" in ended.err
    assert ended.err.count("worker started") == 1


def test_a_taken_port_is_refused_although_ports_can_be_shared(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0), reuse_port=True)) as taken:
        port = str(taken.getsockname()[1])
        ended = run("serve", "--port", port, "--set", "server.workers=2", cwd=tmp_path)
    assert ended.code == 4
    assert "in use" in ended.err


@pytest.mark.parametrize("workers", [1, 2])
def test_a_running_question_is_answered_after_sigterm(
    tmp_path: Path, beacon: HoldingBeacon, workers: int
) -> None:
    with (
        serving(tmp_path, f"server.workers={workers}", beacon=beacon) as started,
        ThreadPoolExecutor(1) as pool,
    ):
        asking = pool.submit(started.get, QUESTION)
        assert beacon.asked.wait(ENDS_WITHIN_S)
        started.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_refused(started.url))
        assert started.process.poll() is None
        assert not asking.done()
        beacon.go.set()
        status, _, body = asking.result(ENDS_WITHIN_S)
        assert status == 200
        assert json.loads(body)["responseSummary"]["exists"] is True
        assert started.process.wait(ENDS_WITHIN_S) == 0


def test_questions_get_no_more_than_the_time_to_drain(
    tmp_path: Path, beacon: HoldingBeacon
) -> None:
    with (
        serving(tmp_path, "server.drain_s=0.2", beacon=beacon) as started,
        ThreadPoolExecutor(1) as pool,
    ):
        asking = pool.submit(started.get, QUESTION)
        assert beacon.asked.wait(ENDS_WITHIN_S)
        assert started.stop(signal.SIGTERM) == 0
        assert not beacon.go.is_set()
        with pytest.raises(Exception):  # noqa: B017, PT011 - however the client hears of it
            asking.result(ENDS_WITHIN_S)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_at_once(
    tmp_path: Path, beacon: HoldingBeacon, workers: int, number: signal.Signals
) -> None:
    sets = (f"server.workers={workers}", "server.drain_s=600")
    with (
        serving(tmp_path, *sets, beacon=beacon) as started,
        ThreadPoolExecutor(1) as pool,
    ):
        asking = pool.submit(started.get, QUESTION)
        assert beacon.asked.wait(ENDS_WITHIN_S)
        started.process.send_signal(number)
        eventually(lambda: is_refused(started.url))
        started.process.send_signal(number)
        assert started.process.wait(ENDS_WITHIN_S) != 0
        assert asking.exception(ENDS_WITHIN_S) is not None
        eventually(lambda: not any(is_alive(pid) for pid in workers_of(started).values()))


async def test_a_network_that_stops_is_not_ready(net: DemoRunning) -> None:
    assert (await net.ask(path="/readyz")).status == 200
    net.network.is_ready = False
    reply = await net.ask(path="/readyz")
    assert reply.status == 503
    assert reply.headers["Retry-After"]
    assert (await net.ask(path="/livez")).status == 200


def test_pauses_between_crashes_grow_to_a_limit() -> None:
    assert pause_s(1) == FIRST_PAUSE_S
    assert pause_s(2) == 2 * FIRST_PAUSE_S
    assert pause_s(50) == LONGEST_PAUSE_S


def test_a_worker_that_is_hardly_forked_is_no_second_signal(tmp_path: Path) -> None:
    """What came to it before it had handlers of its own would kill all others at once."""
    command = (sys.executable, "-m", "tests.stopped_workers")
    ended = run(f"sqlite:///{tmp_path}/registry.sqlite3", cwd=Path.cwd(), command=command)
    assert ended.code == 0, ended.err


def test_the_terminal_stops_everybody_gently(tmp_path: Path, beacon: HoldingBeacon) -> None:
    """Ctrl-C reaches parent and workers alike; running questions are answered all the same."""
    members = [{"id": "holding", "url": beacon.url, "protocol": "v2"}]
    seed = tmp_path / "members.yaml"
    seed.write_text(yaml.safe_dump({"members": members}), encoding="utf-8")
    sets = ("security.allow_private_members=true", "server.workers=2", *PATIENT)
    chosen = [word for each in sets for word in ("--set", each)]
    with (tmp_path / "err").open("wb") as err, ThreadPoolExecutor(1) as pool:
        command = ("serve", "--port", "0", "--seed", seed, *chosen)
        with spawned(*command, cwd=tmp_path, stderr=err, start_new_session=True) as process:
            started = Started(process, tmp_path)
            found = eventually(lambda: re.search(r'"address": "(http:[^"]+)"', started.err))
            asking = pool.submit(fetch, found[1] + QUESTION)
            assert beacon.asked.wait(ENDS_WITHIN_S)
            os.killpg(process.pid, signal.SIGINT)
            eventually(lambda: is_refused(found[1]))
            beacon.go.set()
            assert asking.result(ENDS_WITHIN_S)[0] == 200
            assert process.wait(ENDS_WITHIN_S) == 0
