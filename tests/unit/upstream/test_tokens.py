import hashlib

import pytest

from aggregator.upstream.tokens import Credential, NeedsToken, credential_for
from registry.models import MemberEntry
from registry.snapshot import RegisteredMember

SECRET = "s3cr3t-of-the-operator"
VARIABLE = "BEACON_MEMBER_TOKEN_X"


def member(token: str) -> RegisteredMember:
    return RegisteredMember(MemberEntry(id="m", url="https://beacon.example", token=token))


def given(token: str, user_token: str | None = None, **environ: str) -> Credential:
    credential = credential_for(member(token), user_token, environ)
    assert isinstance(credential, Credential)
    return credential


def test_the_users_token_goes_nowhere_by_default():
    assert given("none", "users-token", **{VARIABLE: SECRET}) == Credential(None, "public")


def test_passthrough_sends_the_users_token():
    assert given("passthrough", "users-token").authorization == "Bearer users-token"


def test_passthrough_takes_a_token_with_its_scheme():
    assert given("passthrough", "Bearer users-token") == given("passthrough", "users-token")


@pytest.mark.parametrize("user_token", [None, "", "  "])
def test_passthrough_without_a_token_asks_as_the_public(user_token):
    assert given("passthrough", user_token) == Credential(None, "public")


def test_the_operators_token_is_sent_instead_of_the_users():
    credential = given(f"env:{VARIABLE}", "users-token", **{VARIABLE: f"{SECRET}\n"})
    assert credential.authorization == f"Bearer {SECRET}"


def test_a_variable_may_hold_another_scheme():
    assert given(f"env:{VARIABLE}", **{VARIABLE: "Basic dXNlcjp4"}).authorization == (
        "Basic dXNlcjp4"
    )


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}, {VARIABLE: " \n"}])
def test_a_missing_variable_means_the_member_is_not_asked(environ):
    needs = credential_for(member(f"env:{VARIABLE}"), "users-token", environ)
    assert isinstance(needs, NeedsToken)
    assert VARIABLE in needs.message


@pytest.mark.parametrize("value", ["a\x00b", "caf\u00e9", "Bearer a b", "a\r\nX-Evil: 1", "\x7f"])
def test_what_cannot_be_a_header_is_not_sent(value):
    for_user = credential_for(member("passthrough"), value, {})
    for_operator = credential_for(member(f"env:{VARIABLE}"), None, {VARIABLE: value})
    for needs in (for_user, for_operator):
        assert isinstance(needs, NeedsToken)
        assert value not in needs.message


def test_scopes_differ_by_what_is_forwarded():
    scopes = {
        given("none").scope,
        given("passthrough", "a").scope,
        given("passthrough", "b").scope,
        given(f"env:{VARIABLE}", "a", **{VARIABLE: SECRET}).scope,
    }
    assert len(scopes) == 4
    assert given("passthrough", "a").scope == given("passthrough", " a ").scope


def test_the_scope_is_a_digest_and_not_the_secret():
    scope = given("passthrough", "users-token").scope
    assert "users-token" not in scope
    assert len(scope) == 32
    assert scope == (
        hashlib.blake2b(b"Bearer users-token", digest_size=16, person=b"beacon-scope").hexdigest()
    )


def test_the_secret_is_not_in_the_repr():
    credential = given("passthrough", "users-token")
    assert "users-token" not in f"{credential!r} {credential}"
