"""Members for measuring: one raw asyncio server in a process of its own, any number of ports.

It answers every request with one fixed body and keeps connections alive; it costs as little as
Python allows, so that what is measured is the asker.
"""

import asyncio
import json
import multiprocessing
from dataclasses import dataclass
from multiprocessing.connection import Connection

SMALL = {
    "meta": {
        "beaconId": "org.example.bench",
        "apiVersion": "v2.1.1",
        "returnedGranularity": "count",
        "receivedRequestSummary": {
            "apiVersion": "2.0",
            "requestedSchemas": [],
            "pagination": {"skip": 0, "limit": 10},
            "requestedGranularity": "count",
        },
        "returnedSchemas": [{"entityType": "genomicVariant", "schema": "bench"}],
    },
    "responseSummary": {"exists": True, "numTotalResults": 3},
    "response": {
        "resultSets": [
            {
                "id": f"set-{n}",
                "setType": "dataset",
                "exists": True,
                "resultsCount": 1,
                "results": [],
            }
            for n in range(3)
        ]
    },
}


def small_body() -> bytes:
    """Give a count answer of about 700 bytes."""
    return json.dumps(SMALL).encode()


def large_body(size: int) -> bytes:
    """Give a record answer of about `size` bytes."""
    record = {
        "variantInternalId": "x" * 64,
        "variation": {
            "variantType": "SNP",
            "referenceBases": "A",
            "alternateBases": "T",
            "location": {
                "type": "SequenceLocation",
                "sequence_id": "refseq:NC_000007.14",
                "interval": {
                    "type": "SequenceInterval",
                    "start": {"type": "Number", "value": 140753335},
                    "end": {"type": "Number", "value": 140753336},
                },
            },
        },
        "caseLevelData": [{"biosampleId": f"sample-{n}"} for n in range(40)],
    }
    each = len(json.dumps(record)) + 2
    document = json.loads(json.dumps(SMALL))
    document["meta"]["returnedGranularity"] = "record"
    document["responseSummary"]["numTotalResults"] = size // each
    document["response"]["resultSets"] = [
        {
            "id": "set-1",
            "setType": "dataset",
            "exists": True,
            "resultsCount": size // each,
            "results": [record] * (size // each),
        }
    ]
    return json.dumps(document).encode()


@dataclass(slots=True)
class Members:
    """The ports of running members; stop them when done."""

    ports: list[int]
    _process: multiprocessing.process.BaseProcess
    _control: Connection

    def stop(self) -> None:
        """End the process."""
        self._control.send("stop")
        self._process.join(5)
        if self._process.is_alive():
            self._process.terminate()


def start(number: int, body: bytes, *, delays_s: tuple[float, ...] = ()) -> Members:
    """Start members; the first ones answer after the delays given."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(number, body, delays_s, theirs), daemon=True)
    process.start()
    return Members(ours.recv(), process, ours)


def _run(number: int, body: bytes, delays_s: tuple[float, ...], control: Connection) -> None:
    asyncio.run(_serve(number, body, delays_s, control))


async def _serve(
    number: int, body: bytes, delays_s: tuple[float, ...], control: Connection
) -> None:
    response = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        + str(len(body)).encode()
        + b"\r\n\r\n"
        + body
    )
    loop = asyncio.get_running_loop()
    servers = []
    for index in range(number):
        delay_s = delays_s[index] if index < len(delays_s) else 0.0

        def protocol(delay_s: float = delay_s) -> asyncio.Protocol:
            return _Answering(response, delay_s)

        servers.append(await loop.create_server(protocol, "127.0.0.1", 0))
    control.send([server.sockets[0].getsockname()[1] for server in servers])
    await loop.run_in_executor(None, control.recv)
    for server in servers:
        server.close()


class _Answering(asyncio.Protocol):
    """Answers as soon as a request's head is in; the bodies measured are small and whole."""

    def __init__(self, response: bytes, delay_s: float) -> None:
        self._response = response
        self._delay_s = delay_s
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if b"\r\n\r\n" not in data or self._transport is None:
            return
        if self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._response)
