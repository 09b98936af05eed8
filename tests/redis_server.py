"""A real redis-server on loopback that can be killed, restarted and made to hang.

    with RedisServer() as server:
        ...  # server.url
        server.kill()
        server.start()

Without the binary tests skip, and say so; where `CI` is set they fail.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

from tests.ports import free_port

START_WITHIN_S = 40.0


class RedisServer:
    """One server without persistence: what it held is gone when it is killed."""

    def __init__(self, *options: str) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            missing = "redis-server is not installed (Debian: apt-get install redis-server)"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        self._binary = binary
        self._options: Sequence[str] = options
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="redis-")
        self.port = free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def socket_path(self) -> Path:
        return Path(self._folder.name) / "redis.sock"

    def start(self) -> None:
        """Start it, on the same port as before, and wait until it takes connections."""
        assert self._process is None
        self._process = subprocess.Popen(
            [
                self._binary,
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--unixsocket", str(self.socket_path)),
                *("--save", "", "--appendonly", "no", "--dir", self._folder.name),
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_WITHIN_S
        while not self._takes_connections():
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < until, "redis-server does not come up"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would: no goodbye, nothing saved."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def hang(self) -> None:
        """Make it take connections and requests and answer none."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it hung."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _takes_connections(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(64))
        except OSError:
            return False
