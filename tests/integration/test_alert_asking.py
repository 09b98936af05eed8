"""Questions and tests are few, whoever wants them, and none go to who said no or for strangers."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from aggregator.base.errors import Conflict, NotFound, RateLimited
from demo import DemoNetwork
from registry.alert_asking import KEPT, MOST_A_DAY, digest_of
from registry.alerts import OPERATOR, Kind, Target, Wishes
from registry.health_tables import ALERT_ADDRESSES
from tests.alert_kit import PUBLIC, MailServer, Office, link_in, office, receiving
from tests.integration.operators import SECURED
from tests.join_visits import address
from tests.networks import come_true, network_of, nothing_left

__all__ = ["nothing_left"]

ADDRESS = "ann@example.org"


@pytest.fixture
async def desk(mail: MailServer) -> AsyncIterator[Office]:
    async with office(alerts=mail.settings) as running:
        yield running


async def asked(desk: Office, owner: str = "one", to: str = ADDRESS) -> Target:
    return await desk.book.add(owner, Kind.EMAIL, to, Wishes(), by="test")


def never_in(mail: MailServer) -> str:
    return str(mail.mails[-1][2]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]


async def test_an_address_is_not_asked_again_by_switching(desk: Office, mail: MailServer) -> None:
    target = await asked(desk)
    await desk.round()
    for _ in range(20):
        await desk.desk.change(target.id, "one", {"on": False}, by="test")
        with pytest.raises(Conflict, match="a moment ago"):
            await desk.desk.change(target.id, "one", {"on": True}, by="test")
        await desk.round(seconds=5)
    assert len(mail.mails) == 1


async def test_an_address_is_not_asked_again_by_removing(desk: Office, mail: MailServer) -> None:
    for turn in range(10):
        if turn:
            with pytest.raises(Conflict, match="a moment ago"):
                await asked(desk)
            continue
        target = await asked(desk)
        await desk.round()
        await desk.book.remove(target.id, "one", by="test")
    assert len(mail.mails) == 1
    desk.now.pass_(minutes=10)
    await asked(desk, to=ADDRESS.upper())
    await desk.round()
    assert len(mail.mails) == 2


async def test_an_address_is_asked_a_few_times_a_day_whoever_asks(
    desk: Office, mail: MailServer
) -> None:
    for turn in range(MOST_A_DAY + 1):
        owner = ("one", "two", OPERATOR)[turn % 3]
        if turn == MOST_A_DAY:
            with pytest.raises(Conflict, match="5 times within a day"):
                await asked(desk, owner)
            break
        target = await asked(desk, owner)
        await desk.round(minutes=10)
        await desk.book.remove(target.id, owner, by="test")
    assert len(mail.mails) == MOST_A_DAY
    desk.now.pass_(days=1)
    await asked(desk)


async def test_who_was_asked_is_forgotten_after_two_days_and_who_refused_is_not(
    desk: Office, mail: MailServer
) -> None:
    async def look(connection: AsyncConnection) -> set[str]:
        return set((await connection.execute(select(ALERT_ADDRESSES.c.digest))).scalars())

    async def remembered() -> set[str]:
        return await desk.book.database.read(look)

    await asked(desk, to="long.ago@example.org")
    await desk.book.never_ask(digest_of("never@example.org"))
    desk.now.pass_(hours=47)
    await asked(desk)
    assert digest_of("long.ago@example.org") in await remembered()
    desk.now.pass_(hours=2)
    await asked(desk, "two")
    kept = {digest_of(ADDRESS, owner) for owner in ("", "one", "two")}
    assert await remembered() == kept | {digest_of("never@example.org")}


async def test_who_says_never_is_never_asked(desk: Office, mail: MailServer) -> None:
    target = await asked(desk)
    await desk.round()
    ((_, _, question),) = mail.mails
    token = never_in(mail)
    assert f"{PUBLIC}/alerts/never/{token}" in question.get_content()
    await desk.book.remove(target.id, "one", by="test")
    await asked(desk, "two")
    await desk.desk.never_ask(token)  # also when the target that asked has gone
    desk.now.pass_(days=3)
    await desk.round()
    assert len(mail.mails) == 1  # what was to be asked is not
    for owner in ("one", OPERATOR):
        with pytest.raises(Conflict, match="does not want to be asked"):
            await asked(desk, owner, ADDRESS.upper())
    (left,) = await desk.book.targets("two")
    assert (left.is_on, left.off_reason) == (False, "it does not want to be asked")
    with pytest.raises(Conflict, match="does not want to be asked"):
        await desk.desk.switch(left.id, "two", is_on=True, by="test")


async def test_who_said_never_can_still_agree_by_the_link(desk: Office, mail: MailServer) -> None:
    target = await asked(desk)
    await desk.round()
    await desk.desk.never_ask(never_in(mail))
    await desk.desk.confirm(link_in(mail.mails[0][2]).removeprefix("/alerts/confirm/"))
    await desk.desk.switch(target.id, "one", is_on=True, by="test")
    desk.happened.add("one")
    await desk.round()
    assert len(mail.mails) == 2


async def test_links_that_were_not_written_here_say_nothing(desk: Office, mail: MailServer) -> None:
    await asked(desk)
    await desk.round()
    token = never_in(mail)
    for forged in (token[:-1], token.partition(".")[0], f"{'0' * 64}.{token[-40:]}", "", "é\0"):
        with pytest.raises(NotFound):
            await desk.desk.never_ask(forged)


async def test_the_page_of_the_link_needs_no_key(mail: MailServer) -> None:
    async with network_of([], alerts=mail.settings, network={"public_url": PUBLIC}) as net:
        desk = net.network.watch.telling
        await desk.desk.book.add(OPERATOR, Kind.EMAIL, ADDRESS, Wishes(), by="test")
        await desk.dispatcher.round()
        await come_true(lambda: bool(mail.mails))
        path = f"/alerts/never/{never_in(mail)}"
        told = {"purpose": "never", "done": False}
        assert (await net.ask(path=path)).json == told
        page = await net.ask(path=path, headers={"Accept": "text/html"})
        assert "never again ask your address" in page.text
        await net.ask(path=path, method="POST", raw=b"List-Unsubscribe=One-Click")
        with pytest.raises(Conflict, match="does not want"):
            await desk.desk.book.add(OPERATOR, Kind.EMAIL, ADDRESS.title(), Wishes(), by="test")
        assert (await net.ask(path=f"{path}0")).status == 404


async def test_tests_are_seldom_and_few_are_kept(desk: Office) -> None:
    async with receiving() as receiver:
        target = await desk.webhook(receiver.url)
        for _ in range(KEPT + 5):
            assert (await desk.desk.test(target.id, "one")).is_taken
            with pytest.raises(RateLimited, match="ten seconds"):
                await desk.desk.test(target.id, "one")
            desk.now.pass_(seconds=10)
        assert len(receiver.requests) == KEPT + 5
        assert len(await desk.deliveries.log(target.id)) == KEPT


async def test_few_questions_are_kept(desk: Office) -> None:
    target = await asked(desk)
    for _ in range(KEPT + 5):
        desk.now.pass_(hours=8)
        await desk.book.ask_again(target.id, "one", by="test")
    assert len(await desk.deliveries.log(target.id)) == KEPT


async def test_strangers_do_not_make_this_server_send_anything(
    nothing_left: None, mail: MailServer
) -> None:
    async with receiving() as receiver, DemoNetwork() as demo:
        async with network_of(
            [],
            security=SECURED | {"join_rate_limit": 0},
            registry={"joining": "approval"},
            alerts=mail.settings,
            network={"public_url": PUBLIC},
        ) as net:
            told = {"id": "stranger", "url": address(demo), "contact": "a@b.org", "agree": True}
            reply = await net.ask(path="/join", body=told, within_s=60)
            assert reply.status == 201, reply.text
            headers = {"Beacon-Service-Key": reply.json["serviceKey"]}
            for kind, to in (("webhook", receiver.url), ("email", ADDRESS)):
                refused = await net.ask(
                    path="/manage/stranger/alerts",
                    method="POST",
                    headers=headers,
                    body={"kind": kind, "address": to},
                )
                assert refused.status == 409, refused.text
                assert "waits for an operator of this network" in refused.text
            seen = await net.ask(path="/manage/stranger/alerts.json", headers=headers)
            assert seen.json == {"alerts": []}
            desk = net.network.watch.telling.desk
            with pytest.raises(Conflict, match="waits for an operator"):
                await desk.book.add(
                    "stranger", Kind.WEBHOOK, receiver.url, Wishes(), by="member:stranger"
                )
            await net.network.watch.telling.dispatcher.round()
            assert receiver.requests == []
            assert mail.mails == []
