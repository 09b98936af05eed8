"""Writes a request to a member as a command for people to paste."""

import shlex

from aggregator.protocol.wire import Request


def curl(request: Request, *, has_token: bool) -> str:
    """Write a request as a line of curl; a secret is named `$TOKEN`, never shown."""
    words = ["curl", "-gsS"]  # -g: brackets in an address are no patterns
    if request.method != "GET":
        words += ["-X", request.method]
    command = " ".join(words) + " " + shlex.quote(request.url) + " -H 'Accept: application/json'"
    if request.body is not None:
        command += " -H 'Content-Type: application/json' --data " + shlex.quote(
            request.body.decode()
        )
    if has_token:
        command += ' -H "Authorization: Bearer $TOKEN"'
    return command
