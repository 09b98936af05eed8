"""What the network signs and gives to browsers: sessions of pages, and one-time forms.

Nothing of them is kept here: any process with the registry's secret can read what another signed.
"""

import secrets
from typing import Final

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

FORM_S: Final = 3600
"""How long a form may lie open, in seconds."""


class Signer:
    """Signs texts for one purpose each and reads them back."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, purpose: str, subject: str) -> str:
        """Sign a subject; no two signatures are equal."""
        return str(self._for(purpose).dumps([subject, secrets.token_hex(8)]))

    def read(self, purpose: str, signed: str, *, within_s: int) -> str | None:
        """Give the subject; None for what is forged, of another purpose, or too old."""
        if len(signed) > 4_000:
            return None
        try:
            subject, _ = self._for(purpose).loads(signed, max_age=within_s)
        except (BadSignature, SignatureExpired, ValueError, TypeError):
            return None
        return subject if isinstance(subject, str) else None

    def _for(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt=f"beacon-aggregator {purpose}")
