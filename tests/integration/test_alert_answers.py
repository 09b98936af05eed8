"""What the holder of an address says by a link counts, whoever has switched what meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from aggregator.base.errors import Conflict
from registry.alert_asking import MOST_A_DAY, NEVER
from registry.alerts import OPERATOR, Kind, Target, Wishes, link_token
from tests.alert_kit import PUBLIC, MailServer, Office, link_in, office
from tests.networks import come_true, network_of, nothing_left

__all__ = ["nothing_left"]

ADDRESS = "ann@example.org"


@pytest.fixture
async def desk(mail: MailServer) -> AsyncIterator[Office]:
    async with office(alerts=mail.settings) as running:
        yield running


async def asked(desk: Office, owner: str = "one") -> Target:
    return await desk.book.add(owner, Kind.EMAIL, ADDRESS, Wishes(), by="test")


def never_in(mail: MailServer) -> str:
    return str(mail.mails[-1][2]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]


def confirm_in(mail: MailServer) -> str:
    return link_in(mail.mails[-1][2]).removeprefix("/alerts/confirm/")


async def test_who_unsubscribes_while_it_is_off_is_told_nothing_when_it_is_on(
    desk: Office, mail: MailServer
) -> None:
    target = await asked(desk)
    await desk.round()
    target = await desk.desk.confirm(confirm_in(mail))
    stop = link_token("a secret of forms", "stop", target)  # of an alert
    await desk.desk.switch(target.id, "one", is_on=False, by="test")
    left = await desk.desk.unsubscribe(stop)
    assert (left.is_on, left.is_confirmed) == (False, False)
    assert left.off_reason == "unsubscribed by the link of a mail"
    assert await desk.desk.unsubscribe(stop) == left  # also who presses it twice
    desk.now.pass_(minutes=10)
    await desk.desk.switch(target.id, "one", is_on=True, by="test")
    with pytest.raises(Conflict, match="not confirmed"):
        await desk.desk.test(target.id, "one")
    desk.happened.add("one")
    await desk.round()
    assert [one["Subject"] for *_, one in mail.mails] == ["Confirm alerts of Test Network"] * 2


async def test_who_said_never_and_confirms_after_that_is_told(
    desk: Office, mail: MailServer
) -> None:
    target = await asked(desk)
    await desk.round()
    confirm = confirm_in(mail)
    await desk.desk.never_ask(never_in(mail))
    assert (await desk.book.target(target.id)).off_reason == NEVER
    agreed = await desk.desk.confirm(confirm)
    assert (agreed.is_on, agreed.is_confirmed, agreed.off_reason) == (True, True, "")
    desk.happened.add("one")
    await desk.round()
    assert len(mail.mails) == 2


@pytest.mark.parametrize("is_off", [True, False])
async def test_the_page_says_whether_alerts_are_sent(
    nothing_left: None, mail: MailServer, is_off: bool
) -> None:
    async with network_of([], alerts=mail.settings, network={"public_url": PUBLIC}) as net:
        desk = net.network.watch.telling
        target = await desk.desk.book.add(OPERATOR, Kind.EMAIL, ADDRESS, Wishes(), by="test")
        await desk.dispatcher.round()
        await come_true(lambda: bool(mail.mails))
        if is_off:
            await desk.desk.switch(target.id, None, is_on=False, by="test")
        page = await net.ask(
            path=f"/alerts/confirm/{confirm_in(mail)}",
            method="POST",
            raw=b"",
            headers={"Accept": "text/html"},
        )
        known = await desk.desk.book.target(target.id)
        assert (page.status, known.is_confirmed, known.is_on) == (200, True, not is_off)
        assert ("from now on" in page.text) is not is_off
        assert ("switched off" in page.text) is is_off


async def test_a_clock_that_was_ahead_forbids_no_questions(desk: Office, mail: MailServer) -> None:
    desk.now.pass_(days=365)
    for owner in ["one", "two", OPERATOR, "one", "two"][:MOST_A_DAY]:
        target = await asked(desk, owner)
        await desk.book.remove(target.id, owner, by="test")
        desk.now.pass_(minutes=10)
    desk.now.now -= timedelta(days=365)
    target = await asked(desk)
    await desk.book.remove(target.id, "one", by="test")
    with pytest.raises(Conflict, match="a moment ago"):  # and by the clock that is right, it does
        await asked(desk)
    await desk.round()
