"""The one place where exceptions of the HTTP client become failures with a sentence for people.

The member is the subject left out ("cannot be reached: connection refused"). Sentences never hold a
URL, a query or a credential; hosts and system messages only.
"""

import errno
import os
import ssl
from collections.abc import Iterator
from typing import Final

import aiohttp
from aiohttp import http_exceptions

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.guard import AddressRefused
from aggregator.upstream.retry import Again, Attempt
from aggregator.upstream.session import BrokenConnection, CaFileError

INTERNAL_MESSAGE: Final = "an error of this network prevented the call"
NO_CONNECTION: Final = "no connection within"
"""How the message of a timeout begins that came before the member could be asked anything."""
ITS_CERTIFICATE: Final = ("its certificate ", "the server does not send the certificates ")
"""How the message of a failure begins whose certificate came and could not be verified."""
HUNG_UP: Final = ("closed the connection ", "broke the connection ")
"""How the message begins of a connection that was accepted and ended without an answer."""

_OUT_OF_RESOURCES: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
)
_CERTIFICATE_SENTENCES: Final = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed, so nobody we trust vouches for it",
    19: "its certificate was issued by an authority we do not trust",
    20: "its certificate was issued by an authority we do not trust, or the server does not send "
    "the certificates in between",
    21: "the server does not send the certificates between its own and the authority's",
    23: "its certificate has been revoked",
}
"""By OpenSSL's X509_V_ERR_* number."""
_OTHER_HOST: Final = frozenset({62, 64})


def attempt_of_error(error: Exception, connect_timeout_s: float, *, was_reused: bool) -> Attempt:
    """Say what an exception means for the member and for another attempt.

    `was_reused`: the request went out on a kept connection, which the member may have closed.
    """
    failure = _failure(error, connect_timeout_s)
    again = Again.NO
    if isinstance(error, BrokenConnection):
        again = Again.AT_ONCE if was_reused else Again.AFTER_A_PAUSE
    elif failure.code is NoAnswerCode.CONNECT and isinstance(error, aiohttp.ClientConnectorError):
        again = Again.AFTER_A_PAUSE
    return Attempt(failure=failure, again=again)


def _failure(error: Exception, connect_timeout_s: float) -> Failure:
    match error:
        case AddressRefused():
            return _address(error.reason)
        case CaFileError():
            return Failure(NoAnswerCode.TLS, f"the CA file set for it cannot be used: {error}")
        case aiohttp.ClientConnectorError():
            return _connector_failure(error)
        case aiohttp.ConnectionTimeoutError():
            return Failure(NoAnswerCode.TIMEOUT, f"{NO_CONNECTION} {connect_timeout_s:g} s")
        case TimeoutError():
            return Failure(NoAnswerCode.TIMEOUT, "stopped answering")
        case aiohttp.ClientHttpProxyError():
            return Failure(
                NoAnswerCode.CONNECT, f"our proxy refused to connect (HTTP {error.status})"
            )
        case BrokenConnection():
            return Failure(NoAnswerCode.CONNECT, _broken(error))
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return _address("not an address in its usual form")
        case UnicodeError():
            return Failure(NoAnswerCode.DNS, "its host name is not a valid name")
        case _:
            return _body_failure(error)


def _address(reason: str) -> Failure:
    return Failure(NoAnswerCode.ADDRESS, f"is at an address this network does not call: {reason}")


def _connector_failure(error: aiohttp.ClientConnectorError) -> Failure:
    cause = error.os_error
    if isinstance(cause, AddressRefused):
        return _address(cause.reason)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure(
            NoAnswerCode.DNS, f"its name {error.host} cannot be resolved: {_words(cause)}"
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Failure(NoAnswerCode.TLS, _certificate(error))
    if isinstance(error, aiohttp.ClientSSLError):
        return Failure(NoAnswerCode.TLS, f"refused a secure connection: {_words(cause)}")
    if cause.errno in _OUT_OF_RESOURCES:
        return Failure(NoAnswerCode.OVERLOADED, f"this network is out of sockets: {_words(cause)}")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Failure(NoAnswerCode.CONNECT, f"our proxy cannot be reached: {_words(cause)}")
    if isinstance(cause, ConnectionResetError):
        # who does not listen refuses: this one was accepted
        return Failure(NoAnswerCode.CONNECT, "closed the connection before it was secure")
    return Failure(NoAnswerCode.CONNECT, f"cannot be reached: {_words(cause)}")


def _certificate(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate cannot be verified"
    if cause.verify_code in _OTHER_HOST:
        return f"its certificate is for another host than {error.host}"
    plain = f"its certificate cannot be verified: {cause.verify_message}"
    return _CERTIFICATE_SENTENCES.get(cause.verify_code, plain)


def _broken(error: BrokenConnection) -> str:
    cause = error.__cause__
    if isinstance(cause, OSError):
        return f"broke the connection before it answered: {_words(cause)}"
    return "closed the connection without an answer"


def _body_failure(error: Exception) -> Failure:
    causes = list(_causes(error))
    if isinstance(error, aiohttp.ClientResponseError):
        too_long = any(isinstance(each, http_exceptions.LineTooLong) for each in causes)
        if too_long or error.message.startswith("Too many headers"):
            return Failure(NoAnswerCode.INVALID_BODY, "sent headers that are too large")
        return Failure(NoAnswerCode.INVALID_BODY, "answered with something other than HTTP")
    if any(isinstance(each, http_exceptions.ContentEncodingError) for each in causes):
        return Failure(NoAnswerCode.INVALID_BODY, "its answer cannot be decompressed")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError):
        return Failure(NoAnswerCode.INVALID_BODY, "its answer broke off before the end")
    return Failure(NoAnswerCode.INTERNAL, INTERNAL_MESSAGE)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _words(error: OSError) -> str:
    """Say what the system says, without addresses and object names."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "handshake failed").replace("_", " ").lower()
    if error.errno and error.errno > 0 and not isinstance(error, AddressRefused):
        return os.strerror(error.errno).lower()
    return (error.strerror or "no reason given").lower()
