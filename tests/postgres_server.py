"""A real PostgreSQL on loopback that can be killed, hung and started again.

    with PostgresServer() as server:
        url = server.fresh_database()
        server.kill()
        server.start()

Without the binaries tests skip, and say so; where `CI` is set they fail.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Self

import pytest

from tests.ports import free_port

START_WITHIN_S = 60.0
PASSWORD = "nobody-may-ever-read-this"
"""The password of the server's only user, asked for on every connection by TCP."""
_UNPRIVILEGED = ("postgres", "nobody")
"""Who the server runs as where the tests run as root, which it refuses."""


class PostgresServer:
    """One server; what was committed is there again after it was killed."""

    def __init__(self) -> None:
        self._binaries = _binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.port = free_port()

    def __enter__(self) -> Self:
        try:
            self._make_cluster()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """Give the address of a database as `registry.url` has it."""
        return f"postgresql://keeper:{password}@127.0.0.1:{self.port}/{database}"

    def fresh_database(self) -> str:
        """Make an empty database and give its address."""
        name = f"registry_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as an administrator and give what it prints."""
        command = [str(self._binaries / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", str(self._folder), "-p", str(self.port), "-U", "keeper", database]
        ran = subprocess.run(
            [*command, "-c", statement], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def start(self) -> None:
        """Start it, on the same port as before, and wait until it takes connections."""
        assert self._process is None
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "max_connections": 60,
            # it is processes that are killed, not the machine: the kernel keeps what was written
            "fsync": "off",
            "shared_buffers": "16MB",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        until = time.monotonic() + START_WITHIN_S
        while not self._takes_connections():
            assert time.monotonic() < until, self._said()
            if self._process is None or self._process.poll() is not None:
                # what a killed one left may hold the shared memory for a moment
                with (self._folder / "log").open("ab") as log:
                    self._process = self._spawn(
                        "postgres", "-D", str(self._folder / "cluster"), *settings, log=log
                    )
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash would: every connection breaks, nothing is tidied up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it at once, in order."""
        self._end(signal.SIGINT)

    def hang(self) -> None:
        """Make its connections and new ones wait without an answer."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it hung."""
        self._signal_all(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        children = _children(process.pid)
        process.send_signal(number)
        process.wait(START_WITHIN_S)
        if number is signal.SIGKILL:
            for child in children:  # they would go on for a moment with what they were told
                _signal(child, number)

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        for pid in (self._process.pid, *_children(self._process.pid)):
            _signal(pid, number)

    def _make_cluster(self) -> None:
        if self._user is not None:
            shutil.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        secret = self._folder / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        options = ("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}")
        options += ("--username=keeper", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self._folder / "log").open("ab") as log:
            making = self._spawn("initdb", "-D", str(self._folder / "cluster"), *options, log=log)
            assert making.wait(60) == 0, self._said()

    def _spawn(self, program: str, *arguments: str, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        who = {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid}
        return subprocess.Popen(
            [str(self._binaries / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self._folder,
            extra_groups=[] if who else None,
            **who,
        )

    def _takes_connections(self) -> bool:
        if self._process is None:
            return False
        command = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1"]
        return subprocess.run([*command, "-p", str(self.port)], check=False).returncode == 0

    def _said(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:]


def _binaries() -> Path:
    """Find where PostgreSQL is; skips the test, or fails it in CI, where it is not."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    found = shutil.which("initdb")
    if folders or found:
        return (folders[-1] if folders else Path(str(found)).resolve()).parent
    missing = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in _UNPRIVILEGED if name in known)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in listed.read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
