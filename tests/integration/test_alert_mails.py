"""What mail addresses are told: nothing before they agreed, once, as plain text, in headers too."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from aggregator.base.errors import BadQuery, Conflict, NotFound
from registry.alerts import Kind, State, Target, Wishes
from tests.alert_kit import PUBLIC, MailServer, Office, link_in, mailing, office
from tests.networks import nothing_left

__all__ = ["nothing_left"]

ADDRESS = "ann@example.org"


@pytest.fixture
async def desk(mail: MailServer) -> AsyncIterator[Office]:
    async with office(alerts=mail.settings) as running:
        yield running


async def asked(desk: Office, address: str = ADDRESS) -> Target:
    return await desk.book.add("one", Kind.EMAIL, address, Wishes(), by="test")


async def agreed(desk: Office, mail: MailServer) -> Target:
    """An address that has confirmed itself by its mail."""
    target = await asked(desk)
    await desk.round()
    token = link_in(mail.mails[0][2]).removeprefix("/alerts/confirm/")
    await desk.desk.confirm(token)
    mail.mails.clear()
    return target


async def test_nothing_is_sent_before_the_address_is_confirmed(
    desk: Office, mail: MailServer
) -> None:
    target = await asked(desk)
    desk.happened.add("one")
    await desk.round()
    ((sender, receivers, question),) = mail.mails
    assert (sender, receivers) == ("network@example.org", [ADDRESS])
    assert question["Subject"] == "Confirm alerts of Test Network"
    assert "does not answer" not in question.get_content()
    with pytest.raises(Conflict, match="not confirmed"):
        await desk.desk.test(target.id, "one")
    await desk.desk.confirm(link_in(question).removeprefix("/alerts/confirm/"))
    desk.happened.add("one", "ended", text="it answers again")
    await desk.round()
    assert [one["Subject"] for *_, one in mail.mails[1:]] == [
        "[Test Network] One: Over: it answers again"
    ]


async def test_a_mail_is_plain_text_with_the_headers_of_a_program(
    desk: Office, mail: MailServer
) -> None:
    await agreed(desk, mail)
    desk.happened.add("one", text="it does not answer: no route to “Björk”")
    await desk.round()
    ((_, receivers, told),) = mail.mails
    assert receivers == [ADDRESS]
    assert told["To"] == ADDRESS
    assert told["From"] == "Test Network <network@example.org>"
    assert told["Auto-Submitted"] == "auto-generated"
    assert told["Message-ID"].endswith("@example.org>")
    assert told["List-Unsubscribe"].startswith(f"<{PUBLIC}/alerts/stop/")
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert told["Date"].datetime == desk.now()
    assert told.get_content_type() == "text/plain"
    assert told.get_content_charset() == "utf-8"
    assert "no route to “Björk”" in told.get_content()
    assert f"{PUBLIC}/health/one" in told.get_content()


async def test_the_link_to_unsubscribe_ends_it_without_a_key(
    desk: Office, mail: MailServer
) -> None:
    target = await agreed(desk, mail)
    desk.happened.add("one")
    await desk.round()
    stop = mail.mails[0][2]["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    await desk.desk.unsubscribe(stop)
    desk.happened.add("one", "ended")
    await desk.round()
    assert len(mail.mails) == 1
    known = await desk.book.target(target.id)
    assert (known.is_on, known.is_confirmed) == (False, False)
    # whoever holds the key can only ask again, after a while
    with pytest.raises(Conflict, match="a moment ago"):
        await desk.desk.change(target.id, "one", {"on": True}, by="test")
    desk.now.pass_(minutes=10)
    await desk.desk.change(target.id, "one", {"on": True}, by="test")
    desk.happened.add("one")
    await desk.round(minutes=1)
    assert [one["Subject"] for *_, one in mail.mails[1:]] == ["Confirm alerts of Test Network"]


async def test_links_open_only_what_they_are_for(desk: Office, mail: MailServer) -> None:
    target = await asked(desk)
    await desk.round()
    token = link_in(mail.mails[0][2]).removeprefix("/alerts/confirm/")
    for forged in (token[:-1], f"{target.id}.", f"{target.id}.{'0' * 40}", "", "é" * 50, "\0"):
        with pytest.raises(NotFound):
            await desk.desk.confirm(forged)
    with pytest.raises(NotFound):
        await desk.desk.unsubscribe(token)
    desk.now.pass_(days=8)
    with pytest.raises(NotFound, match="older than a week"):
        await desk.desk.confirm(token)


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org\nBcc: eve@example.org",
        "ann@example.org\r\nBcc: eve@example.org",
        "ann@example.org, eve@example.org",
        "Ann <ann@example.org>",
        "ann@localhost",
        "ann@[127.0.0.1]",
        "@example.org",
        f"{'a' * 250}@example.org",
        "ann@exa mple.org",
    ],
)
async def test_what_is_no_single_address_is_refused(desk: Office, address: str) -> None:
    with pytest.raises(BadQuery, match=r"name@example\.org"):
        await desk.desk.add("one", {"kind": "email", "address": address}, by="test")


async def test_what_members_say_adds_no_header(desk: Office, mail: MailServer) -> None:
    await agreed(desk, mail)
    desk.happened.add("one", text="down\r\nBcc: eve@example.org\r\n\r\nhello\x00\x1b[31m")
    await desk.round()
    ((_, receivers, told),) = mail.mails
    assert receivers == [ADDRESS]
    assert told["Bcc"] is None
    assert "Bcc: eve@example.org hello" in told["Subject"]


async def test_a_mail_server_that_is_down_for_an_hour_gets_it_once(
    desk: Office, mail: MailServer
) -> None:
    target = await agreed(desk, mail)
    mail.refuses["MAIL"] = "451 try later"
    desk.happened.add("one")
    for _ in range(60):
        await desk.round(minutes=1)
    assert mail.mails == []
    del mail.refuses["MAIL"]
    for _ in range(60):
        await desk.round(minutes=1)
    assert len(mail.mails) == 1
    assert (await desk.deliveries.log(target.id))[0].state is State.SENT


async def test_an_address_that_is_refused_for_good_is_given_up(
    desk: Office, mail: MailServer
) -> None:
    target = await agreed(desk, mail)
    mail.refuses["RCPT"] = "550 no such user"
    desk.happened.add("one")
    await desk.round()
    (line, *_) = await desk.deliveries.log(target.id)
    assert line.state is State.FAILED
    assert line.result == ("given up: the mail server refused the address (550 no such user)")


async def test_an_address_that_is_refused_for_now_is_tried_again(
    desk: Office, mail: MailServer
) -> None:
    await agreed(desk, mail)
    mail.refuses["RCPT"] = "450 greylisted"
    desk.happened.add("one")
    await desk.round()
    del mail.refuses["RCPT"]
    await desk.round(minutes=1)
    assert len(mail.mails) == 1


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """What a mail server shows, and who made it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return context, path


async def test_mail_goes_encrypted_and_with_the_password(
    nothing_left: None, tls: tuple[ssl.SSLContext, Path]
) -> None:
    context, authority = tls
    async with (
        mailing(context, login=("network", "a-password")) as mail,
        office(alerts=mail.settings, outbound={"ca_file": authority}) as desk,
    ):
        await asked(desk)
        await desk.round()
        assert len(mail.mails) == 1
        assert mail.was_encrypted == [True]
        assert mail.commands.index("STARTTLS") < mail.commands.index("AUTH")


@pytest.mark.parametrize("why", ["authority", "password"])
async def test_nothing_is_sent_where_the_server_cannot_be_trusted_or_does_not_let_us_in(
    nothing_left: None, tls: tuple[ssl.SSLContext, Path], why: str
) -> None:
    context, authority = tls
    trusted: dict[str, Any] = {"ca_file": authority} if why == "password" else {}
    async with mailing(context, login=("network", "a-password")) as mail:
        settings = mail.settings | {"smtp_password": "wrong"}
        async with office(alerts=settings, outbound=trusted) as desk:
            target = await asked(desk)
            await desk.round()
            assert mail.mails == []
            (line,) = await desk.deliveries.log(target.id)
            assert line.state is State.DUE
            assert "wrong" not in line.result
            expected = {
                "authority": "no trusted connection",
                "password": "does not let this network in",
            }
            assert expected[why] in line.result


async def test_without_a_mail_server_mail_is_refused(nothing_left: None) -> None:
    async with office() as desk:
        with pytest.raises(BadQuery, match="this network sends no mail; use a webhook"):
            await desk.desk.add("one", {"kind": "email", "address": ADDRESS}, by="test")
