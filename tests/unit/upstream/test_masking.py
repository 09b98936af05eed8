"""A credential of ours is taken out of texts in which a member may have repeated it."""

import base64

import pytest

from aggregator.upstream.masking import masker

TOKEN = "s3cr3t-token/of+ours"


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {TOKEN} may not ask",
        f"bearer {TOKEN.upper()}",
        f"token={TOKEN}&token={TOKEN}",
        "?token=s3cr3t-token%2Fof%2Bours",
        "s3cr3t-token\\/of+ours",
        "… cut off behind s3cr3t-to…",
    ],
)
def test_however_it_is_repeated_a_credential_is_not_told(text: str) -> None:
    masked = masker(f"Bearer {TOKEN}")(text)

    assert "s3cr3t" not in masked.lower()
    assert "ours" not in masked.lower()
    assert "(a credential)" in masked


def test_neither_is_the_password_that_basic_stands_for() -> None:
    told = base64.b64encode(b"network:open sesame").decode()

    masked = masker(f"Basic {told}")(f"{told} is network:open sesame, or open sesame")

    assert masked == "(a credential) is (a credential), or (a credential)"


def test_other_words_stay_as_they_are() -> None:
    said = "Bearer tokens are refused: s3cr3t"

    assert masker(f"Bearer {TOKEN}")(said) == said
    assert masker("Bearer abc")("abc") == "abc"
    assert masker(None)(said) == said
