"""The real command in processes of its own: run to its end, or started and stopped by a signal."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml

from demo import DemoNetwork

ENDS_WITHIN_S = 60.0
"""When any command has to be at its end, or ready, on the slowest machine."""
COMMAND = (sys.executable, "-m", "aggregator")

T = TypeVar("T")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Started:
    """A network in a process of its own."""

    process: "subprocess.Popen[bytes]" = field(repr=False)
    folder: Path
    """Where it writes what it says."""
    url: str = ""

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8")

    @property
    def logged(self) -> list[dict[str, Any]]:
        """What it has logged as JSON; a line that is being written now is none yet."""
        lines = self.err.split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    @cached_property
    def beacons(self) -> dict[str, str]:
        """The addresses of the demo's beacons by id, as it prints them."""
        return dict(re.findall(r"^  (demo-\w+) +(http://\S+)", self.out, re.M))

    def members_file(self, path: Path) -> Path:
        """Write the entries of the demo's beacons as an operator would declare them."""
        ports = [int(url.split(":")[2].split("/")[0]) for url in self.beacons.values()]
        members = DemoNetwork(ports=ports).members()
        path.write_text(yaml.safe_dump({"members": members}), encoding="utf-8")
        return path

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any, bytes]:
        """Ask as curl would: status, headers, body, whatever the status is."""
        return fetch(self.url + path, headers)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(ENDS_WITHIN_S)


def fetch(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any, bytes]:
    """GET an address on loopback, past any proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers=dict(headers or {"Accept": "*/*"}))
    try:
        with opener.open(request, timeout=ENDS_WITHIN_S) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def environment(**values: str) -> dict[str, str]:
    """This process's environment without any setting of ours, nor what changes the output.

    Test questions are switched off: they would be counted among those of the tests.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BEACON_", "FORCE_COLOR", "COLUMNS", "LINES"))
    }
    ours = {"PYTHONIOENCODING": "utf-8", "BEACON_REGISTRY__PROBE": "false"}
    return {**kept, **ours, **values}


def run(*arguments: str | Path, cwd: Path, command: Sequence[str] = COMMAND, **values: str) -> Ran:
    """Run a command to its end; `values` are environment variables."""
    ended = subprocess.run(
        [*command, *map(str, arguments)],
        cwd=cwd,
        env=environment(**values),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=ENDS_WITHIN_S,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@contextmanager
def spawned(
    *arguments: str | Path,
    cwd: Path,
    command: Sequence[str] = COMMAND,
    env: Mapping[str, str] | None = None,
    **streams: Any,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command that takes SIGINT, whatever this process does with it; end it at last."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job a shell put behind
        signal.signal(signal.SIGINT, signal.default_int_handler)
    streams = {"stdin": subprocess.DEVNULL, **streams}
    with subprocess.Popen(
        [*command, *map(str, arguments)], cwd=cwd, env=env or environment(), **streams
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def network(
    *arguments: str | Path, folder: Path, cwd: Path | None = None, **how: Any
) -> Iterator[Started]:
    """Start `demo` or `serve` and wait until /readyz answers."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        with spawned(*arguments, cwd=cwd or folder, stdout=out, stderr=err, **how) as process:
            starting = Started(process, folder)
            url = eventually(lambda: _address(starting))
            eventually(lambda: fetch(f"{url}/readyz")[0] == 200)
            yield Started(process, folder, url)


def eventually(get: Callable[[], T | None], within_s: float = ENDS_WITHIN_S) -> T:
    """Ask again and again until there is a true value; AssertionError after the deadline."""
    deadline = time.monotonic() + within_s
    while True:
        value = get()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not come about within {within_s:g} s"
        time.sleep(0.01)


def _address(starting: Started) -> str | None:
    """Find the address in what `demo` prints or `serve` logs."""
    if starting.process.poll() is not None:
        raise AssertionError(f"ended at once: {starting.out}{starting.err}")
    # what follows the address says that all of it has been written
    found = re.search(r"The network is at (http://[\w.:\[\]]+)\s", starting.out)
    found = found or re.search(r'"?address"?[=:] ?"?(http://[\w.:\[\]]+)[\s",]', starting.err)
    return found[1] if found else None
