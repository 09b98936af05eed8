"""Sends messages by mail: plain text over SMTP, in a thread of its own, bounded in time."""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aggregator.base.sections import AlertSettings
from aggregator.watch.alerts.errands import Errand, Errands, Tell
from aggregator.watch.alerts.sending import Letter, Sent
from registry.alerts import Target

TIMEOUT_S: Final = 20.0
"""Of each step; all of them together are bounded by `Errands`."""
NO_MAIL: Final = "this network sends no mail; use a webhook"
NO_ADDRESS: Final = (
    "this network has no public address (network.public_url) that links in mails could lead to; "
    "use a webhook"
)
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


class Mails:
    """Sends mail by the server of the settings, if there is one."""

    def __init__(
        self,
        settings: AlertSettings,
        *,
        network: str,
        public_url: str,
        ca_file: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        errands: Errands | None = None,
    ) -> None:
        self._settings = settings
        self._network = network
        self._public_url = public_url
        self._ca_file = ca_file
        self._now = now
        self._errands = errands or Errands()

    def refusal(self, address: str) -> str | None:
        """Say why mail cannot be sent to an address; None if it can."""
        if self._settings.smtp_host is None:
            return NO_MAIL
        if not self._public_url:
            return NO_ADDRESS
        if len(address) > 254 or not _ADDRESS.fullmatch(address):
            return "an e-mail address, as name@example.org"
        return None

    async def send(self, target: Target, letter: Letter, links: Mapping[str, str]) -> Sent:
        """Send once; never raises but for cancellation."""
        if why := self.refusal(target.address):
            return Sent(False, why)
        try:
            message = self._message(target, letter, links)
        except ValueError:
            return Sent(False, "it cannot be written as a mail", is_hopeless=True)
        return await self._errands.run(partial(self._deliver, message, target.address))

    def hurried(self) -> contextlib.AbstractContextManager[None]:
        """Let no mail wait for its turn meanwhile: those that would are sent another time."""
        return self._errands.hurried()

    def _message(self, target: Target, letter: Letter, links: Mapping[str, str]) -> EmailMessage:
        sender = self._settings.sender or ""
        user, _, domain = sender.rpartition("@")
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(_plain(self._network), user, domain)
        message["To"] = Address(addr_spec=target.address)
        message["Subject"] = _plain(letter.subject)
        message["Date"] = format_datetime(self._now())
        message["Message-ID"] = f"<{letter.id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        if end := links.get("stop") or links.get("never"):
            message["List-Unsubscribe"] = f"<{end}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
        return message

    def _deliver(self, message: EmailMessage, address: str, errand: Errand, tell: Tell) -> None:
        """Hand a mail to the server; how it parts from us says nothing of the mail."""
        with contextlib.ExitStack() as stack:
            tell(self._handed(message, address, errand, stack))

    def _handed(
        self, message: EmailMessage, address: str, errand: Errand, stack: contextlib.ExitStack
    ) -> Sent:
        try:
            server = self._connected(errand)
            stack.callback(_part, server)
            refused = server.send_message(
                message, from_addr=self._settings.sender, to_addrs=[address]
            )
            return Sent(not refused, "handed to the mail server" if not refused else "refused")
        except smtplib.SMTPRecipientsRefused as error:
            code, words = error.recipients.get(address, (550, b""))
            return _refused(code, words)
        except smtplib.SMTPDataError as error:
            return _refused(error.smtp_code, error.smtp_error)
        except smtplib.SMTPAuthenticationError:
            return Sent(False, "the mail server does not let this network in")
        except smtplib.SMTPResponseException as error:
            return Sent(False, _told("the mail server refused", error.smtp_code, error.smtp_error))
        except ssl.SSLError as error:
            return Sent(False, f"no trusted connection to the mail server: {error.reason}")
        except (smtplib.SMTPException, OSError) as error:
            return Sent(False, f"the mail server cannot be used now: {type(error).__name__}")

    def _connected(self, errand: Errand) -> smtplib.SMTP:
        settings = self._settings
        host, port = settings.smtp_host or "", settings.smtp_port
        ourselves = urlsplit(self._public_url).hostname or "localhost"
        server: smtplib.SMTP
        if settings.smtp_security == "tls":
            server = _EncryptedLine(errand, host, port, ourselves, context=self._context())
        else:
            server = _Line(errand, host, port, ourselves)
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=self._context())
                errand.hold(server.sock)
            if settings.smtp_user is not None and settings.smtp_password is not None:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
        return context


class _Line(smtplib.SMTP):
    """A connection that can be cut off from its beginning."""

    def __init__(self, errand: Errand, host: str, port: int, ourselves: str) -> None:
        self._errand = errand
        super().__init__(host, port, local_hostname=ourselves, timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _held(self._errand, super()._get_socket(host, port, timeout))  # type: ignore[misc]


class _EncryptedLine(smtplib.SMTP_SSL):
    """The same, encrypted from the first word."""

    def __init__(
        self, errand: Errand, host: str, port: int, ourselves: str, *, context: ssl.SSLContext
    ) -> None:
        self._errand = errand
        super().__init__(host, port, local_hostname=ourselves, timeout=TIMEOUT_S, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _held(self._errand, super()._get_socket(host, port, timeout))  # type: ignore[misc]


def _held(errand: Errand, made: socket.socket) -> socket.socket:
    try:
        errand.hold(made)
    except BaseException:
        made.close()
        raise
    return made


def _part(server: smtplib.SMTP) -> None:
    try:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def _refused(code: int, words: bytes | str) -> Sent:
    """Judge a refusal: 4xx is for now, 5xx for good."""
    told = _told("the mail server refused the address", code, words)
    return Sent(False, told, is_hopeless=500 <= code < 600)


def _told(what: str, code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{what} ({code} {_plain(text)[:200]})"


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
