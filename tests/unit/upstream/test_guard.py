import socket

import pytest

from aggregator.upstream.guard import (
    SOCKET_WATCH,
    AddressRefused,
    HostGuard,
    SocketGuard,
    SocketWatch,
    address_refusal,
)

REFUSED = {
    "127.0.0.1": "a loopback address",
    "127.255.255.254": "a loopback address",
    "0.0.0.0": "the unspecified address",
    "0.1.2.3": "a private address",
    "10.0.0.1": "a private address",
    "172.16.0.1": "a private address",
    "172.31.255.255": "a private address",
    "192.168.1.1": "a private address",
    "100.64.0.1": "not a public address",
    "169.254.169.254": "a link-local address",
    "192.0.0.8": "a private address",
    "192.0.0.171": "a private address",
    "192.0.0.10": "not a public address",
    "192.0.2.1": "a private address",
    "192.88.99.1": "not a public address",
    "198.18.0.1": "a private address",
    "224.0.1.1": "a multicast address",
    "239.255.255.250": "a multicast address",
    "240.0.0.1": "a reserved address",
    "255.255.255.255": "a reserved address",
    "::": "the unspecified address",
    "::1": "a loopback address",
    "::127.0.0.1": "a reserved address",
    "::ffff:127.0.0.1": "a loopback address",
    "::ffff:7f00:1": "a loopback address",
    "::ffff:10.0.0.1": "a private address",
    "::ffff:0:127.0.0.1": "a reserved address",
    "64:ff9b::127.0.0.1": "a loopback address",
    "64:ff9b::a9fe:a9fe": "a link-local address",
    "64:ff9b:1::1": "not a public address",
    "2002:7f00:1::": "a loopback address",
    "2002:a00:1::1": "a private address",
    "2001:0:7f00:1::": "a loopback address",
    "2001:0:0808:0808::f5ff:fffe": "a private address",
    "2001:db8::1": "a private address",
    "3fff::1": "not a public address",
    "fc00::1": "a private address",
    "fd12:3456::1": "a private address",
    "fe80::1": "a link-local address",
    "fe80::1%eth0": "a link-local address",
    "fec0::1": "not a public address",
    "ff02::1": "a multicast address",
    "100::1": "not a public address",
    "5f00::1": "not a public address",
    "localhost": "not an IP address",
    "127.1": "not an IP address",
    "": "not an IP address",
}


@pytest.mark.parametrize("ip", REFUSED)
def test_addresses_that_are_not_public_are_refused(ip):
    # Python versions name some blocks differently; that they are refused is what matters.
    assert address_refusal(ip) is not None


@pytest.mark.parametrize("ip", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", ""])
def test_the_refusal_says_why(ip):
    assert address_refusal(ip) == REFUSED[ip]


@pytest.mark.parametrize(
    "ip",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.128.0.1",
        "172.32.0.1",
        "193.62.193.83",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_pass(ip):
    assert address_refusal(ip) is None


def address_info(ip, family=socket.AF_INET):
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, 443))


def test_the_socket_guard_makes_non_blocking_sockets():
    made = SocketGuard()(address_info("8.8.8.8"))
    try:
        assert made.getblocking() is False
        assert made.family is socket.AF_INET
    finally:
        made.close()


def test_the_socket_guard_raises_before_there_is_a_socket():
    with pytest.raises(AddressRefused) as refused:
        SocketGuard()(address_info("10.0.0.1"))
    assert refused.value.reason == "a private address"
    assert isinstance(refused.value, OSError)


def test_refusals_read_alike_so_that_several_stay_recognisable():
    assert str(AddressRefused("a loopback address")) == str(AddressRefused("a private address"))


def test_private_members_pass_where_the_operator_allows_them():
    SocketGuard(allow_private=True)(address_info("127.0.0.1")).close()


def test_the_socket_guard_marks_the_call_that_opened_a_connection():
    watch = SocketWatch()
    token = SOCKET_WATCH.set(watch)
    try:
        with pytest.raises(AddressRefused):
            SocketGuard()(address_info("127.0.0.1"))
        assert not watch.opened
        SocketGuard()(address_info("8.8.8.8")).close()
        assert watch.opened
    finally:
        SOCKET_WATCH.reset(token)


class Names:
    """A resolver that knows some names and counts questions."""

    def __init__(self, **known: list[str]) -> None:
        self.known = {name.replace("_", "."): found for name, found in known.items()}
        self.asked: list[str] = []
        self.now = 0.0

    async def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        if host not in self.known:
            raise OSError(None, "Domain name not found")
        return self.known[host]

    def guard(self) -> HostGuard:
        return HostGuard(self.resolve, clock=lambda: self.now, ttl_s=300)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "::ffff:10.0.0.1",
        "localhost",
        "LOCALHOST.",
        "metadata",
        "printer.local",
        "db.internal",
        "inside.example",
        "INSIDE.example.",
        "mixed.example",
        "loc%61lhost.example",
        "127.0.0.1%00.outside.example",
        "127.0.0.1\\outside.example",
    ],
)
async def test_behind_a_proxy_inside_hosts_are_refused(host):
    names = Names(inside_example=["10.0.0.8"], mixed_example=["8.8.8.8", "10.0.0.8"])
    with pytest.raises(AddressRefused):
        await names.guard().check(host)


@pytest.mark.parametrize("host", ["outside.example", "8.8.8.8", "unknown-to-us.example"])
async def test_behind_a_proxy_outside_hosts_pass(host):
    await Names(outside_example=["8.8.8.8"]).guard().check(host)


async def test_a_host_is_looked_up_once_in_five_minutes():
    names = Names(inside_example=["8.8.8.8"])
    guard = names.guard()
    await guard.check("inside.example")
    names.known["inside.example"] = ["10.0.0.8"]
    names.now = 299
    await guard.check("inside.example")
    assert names.asked == ["inside.example"]
    names.now = 300
    with pytest.raises(AddressRefused):
        await guard.check("inside.example")


async def test_refusals_are_remembered_as_well():
    names = Names(inside_example=["10.0.0.8"])
    guard = names.guard()
    for _ in range(3):
        with pytest.raises(AddressRefused):
            await guard.check("inside.example")
    assert names.asked == ["inside.example"]
