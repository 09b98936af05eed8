"""What goes wrong with addresses on this side of the network, in words that say what to do."""

import errno
import os
import socket

from aggregator.base.errors import ConfigError

_OF_THE_ADDRESS = frozenset(
    {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.EAFNOSUPPORT}
)


def words(error: OSError) -> str:
    """Say what the system says, without addresses and object names."""
    if error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (error.strerror or str(error) or type(error).__name__).lower()


def cannot_listen(host: str, port: int, error: OSError, advice: str) -> ConfigError | None:
    """Turn the failure to listen into a problem of the settings; None where it is another one."""
    if error.errno in _OF_THE_ADDRESS or isinstance(error, socket.gaierror):
        return ConfigError([f"{host}:{port} cannot be used: {words(error)}.", advice])
    return None
