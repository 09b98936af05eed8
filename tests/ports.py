"""Ports of loopback that stay free until they are used.

The kernel gives a connection that goes out, and a server that asks for port 0, one of its
ephemeral ports, and holds it for a minute after: a port of that range that was free a moment ago,
or on another address, need not be now. Ports below that range are left to those who name them.
"""

import errno
import random
import socket
from contextlib import closing
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_START = 32768
_LOWEST = 10_000
_TRIES = 100
_chance = random.SystemRandom()  # no two processes draw the same row


def free_port(*hosts: str) -> int:
    """Give a port that nothing has on any of these addresses of loopback."""
    start = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _USUAL_START
    for _ in range(_TRIES):
        port = _chance.randrange(_LOWEST, max(start, _LOWEST + 1000))
        if all(_is_free(host, port) for host in hosts or ("127.0.0.1",)):
            return port
    raise OSError(errno.EADDRINUSE, f"no port is free on {' and '.join(hosts)}")


def listening(host: str, port: int) -> socket.socket:
    """Listen there without waiting for visitors."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(128)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def _is_free(host: str, port: int) -> bool:
    try:
        with closing(listening(host, port)):
            return True
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
