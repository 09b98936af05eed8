"""The members file: read whole or not at all, with every problem named."""

import os

import pytest

from aggregator.base.errors import ConfigError
from aggregator.base.resources import folder
from registry.seed import Seed, SeedFile, read_entries, read_seed

ONE = "members:\n  - {id: one, url: 'https://one.example.org'}\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "members.yaml"


def problems(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        read_seed(path)
    return [told.removeprefix(f"{path}: ") for told in caught.value.problems]


def test_members_are_read_in_their_order(path):
    path.write_text(
        "members:\n  - {id: b, url: 'https://b.org'}\n  - {id: a, url: 'https://a.org'}\n"
    )
    assert [entry.id for entry in read_seed(path).members] == ["b", "a"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "members:\n", "members: []\n", "{}\n"])
def test_a_file_without_members_is_an_empty_network(path, text):
    path.write_text(text)
    assert read_seed(path) == Seed()


def test_the_example_file_can_be_used():
    entries = read_seed(folder("config") / "members.yaml").members
    assert [entry.id for entry in entries] == ["example-cancer", "old-university"]


def test_every_problem_of_every_member_is_named_at_once(path):
    told = problems(
        path,
        """
members:
  - {id: ONE, url: nowhere}
  - {id: two, url: 'https://two.org'}
  - {id: two, url: 'https://two.org', colour: red}
  - just text
  - {id: three, url: 'https://3.org'}
  - {id: three, url: 'https://three.org'}
""",
    )
    assert told == [
        "member 1 (ONE).id: an id is 1 to 63 lower-case letters, digits and hyphens, "
        "not starting with one",
        "member 1 (ONE).url: a member's address starts with https:// (or http://) and a host",
        "member 3 (two).colour: unknown key",
        "member 4 (?): expected keys and values",
        "the id three is given 2 times",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("members: [", "not YAML"),
        ("- one\n- two\n", "expected two keys, members and groups"),
        ("members: []\nothers: []\n", "expected two keys, members and groups"),
        ("members: {one: two}\n", "members: expected a list"),
        (b"members: \xff\n", "not UTF-8 text"),
        ("!!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_a_file_of_another_kind_is_refused(path, text, words):
    (told,) = problems(path, text)
    assert words in told


def test_a_problem_is_one_line(path):
    (told,) = problems(path, "members: [")
    assert "\n" not in told


def test_a_missing_file_is_named(path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_seed(path)


def test_entries_may_come_from_elsewhere():
    with pytest.raises(ConfigError, match=r"--member: member 1 \(\?\)\.id: is needed"):
        read_entries([{"url": "https://one.org"}], "--member")


# --- reading again ---


def test_a_file_never_read_has_changed(path):
    path.write_text(ONE)
    assert SeedFile(path).has_changed() is True


def test_a_file_just_read_has_not_changed(path):
    path.write_text(ONE)
    seed = SeedFile(path)
    seed.read()
    assert seed.has_changed() is False


def test_a_file_of_another_size_has_changed(path):
    path.write_text(ONE)
    seed = SeedFile(path)
    seed.read()
    state = path.stat()
    path.write_text(ONE + "# more\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert seed.has_changed() is True


def test_a_file_written_later_has_changed(path):
    path.write_text(ONE)
    seed = SeedFile(path)
    seed.read()
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert seed.has_changed() is True


def test_a_file_put_in_its_place_has_changed(path, tmp_path):
    # the way editors and config maps replace files
    path.write_text(ONE)
    seed = SeedFile(path)
    seed.read()
    state = path.stat()
    other = tmp_path / "other.yaml"
    other.write_text(ONE)
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(path)
    assert seed.has_changed() is True


def test_a_file_that_vanished_has_changed(path):
    path.write_text(ONE)
    seed = SeedFile(path)
    seed.read()
    path.unlink()
    assert seed.has_changed() is True


def test_a_file_that_cannot_be_used_is_not_read_again_until_it_changes(path):
    path.write_text("members: [")
    seed = SeedFile(path)
    with pytest.raises(ConfigError):
        seed.read()
    assert seed.has_changed() is False


def test_a_file_that_was_read_and_not_taken_in_has_changed(path):
    path.write_text(ONE)
    seed = SeedFile(path)
    seed.read()
    seed.forget()
    assert seed.has_changed() is True
    seed.read()
    assert seed.has_changed() is False
