"""The wheel: what it holds, and that it works from where there is no checkout."""

import json
import subprocess
import sys
import sysconfig
import venv
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from aggregator import __version__
from tests.official import official
from tests.processes import environment, network, run

ROOT = Path(__file__).resolve().parents[2]
DIST_INFO = f"beacon_aggregator-{__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    built = subprocess.run(
        [*build, str(ROOT)],
        env=environment(PIP_NO_INDEX="1"),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; only its dependencies are borrowed from this one.

    A path named in a .pth file is searched, but the .pth files inside it are not read: an editable
    installation over there has no effect.
    """
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths("venv", {"base": str(home), "platbase": str(home)})
    dependencies = Path(paths["purelib"]) / "dependencies.pth"
    dependencies.write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install"]
    pip += ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def test_the_wheel_carries_the_files_inside_the_package(names: frozenset[str]) -> None:
    for folder, beside in (
        ("web", "aggregator/_web"),
        ("config", "aggregator/_config"),
        ("demo", "aggregator/_demo"),
    ):
        ours = {
            f"{beside}/{path.relative_to(ROOT / folder).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert ours
        assert ours <= names


def test_nothing_of_a_common_name_lands_among_other_packages(names: frozenset[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"aggregator", "registry", DIST_INFO}
    assert [name for name in names if "__pycache__" in name or "tests" in name.split("/")] == []


def test_the_wheel_is_typed_licensed_and_says_what_it_is(
    wheel: Path, names: frozenset[str]
) -> None:
    assert {"aggregator/py.typed", "registry/py.typed"} <= names
    assert f"{DIST_INFO}/licenses/LICENSE" in names
    with ZipFile(wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"{DIST_INFO}/METADATA").decode())
        entry_points = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "# beacon-aggregator" in str(metadata.get_payload())
    assert "beacon-aggregator = aggregator.__main__:main" in entry_points


def test_the_installed_packages_are_those_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    python = installed / "bin" / "python"
    code = (
        "import aggregator, registry, importlib.util as u\n"
        "print(aggregator.__file__, registry.__file__, sep='\\n')\n"
        "print([name for name in ('web', 'config', 'demo', 'tests') if u.find_spec(name)])"
    )
    ran = run("-c", code, cwd=tmp_path, command=[str(python)], PYTHONPATH="")
    assert ran.code == 0, ran.err
    aggregator, registry, common = ran.lines
    assert Path(aggregator).is_relative_to(installed)
    assert Path(registry).is_relative_to(installed)
    assert common == "[]"


def test_the_installed_demo_answers_and_stops(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "bin" / "beacon-aggregator")]
    alone = {"command": command, "env": environment(PYTHONPATH="")}
    with network("demo", "--port", "0", folder=tmp_path, **alone) as demo:
        ask = ("query", "7-140753336-A-T", "--url", demo.url)
        asked = run(*ask, cwd=tmp_path, command=command, PYTHONPATH="")
        assert (asked.code, asked.err) == (0, "")
        assert "2 of 3 beacons report this exact allele; 1 answered no." in asked.out

        status, _, body = demo.get("/api/g_variants?geneId=BRAF&requestedGranularity=record")
        document = json.loads(body)
        assert (status, official.validate_v2_answer(document)) == (200, "record")
        assert document["responseSummary"]["exists"] is True

        status, headers, body = demo.get("/", {"Accept": "text/html"})
        assert (status, headers.get_content_type()) == (200, "text/html")
        assert b"Has anyone seen this variant?" in body

        status, headers, body = demo.get("/static/network.css")
        assert (status, headers.get_content_type()) == (200, "text/css")
        assert body == (ROOT / "web/static/network.css").read_bytes()

        assert demo.stop() == 0
        assert demo.out.endswith("\nStopping.\n")
        assert demo.err == ""


def test_the_installed_command_has_its_settings(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "bin" / "beacon-aggregator")]
    ran = run("config", "show", cwd=tmp_path, command=command, PYTHONPATH="")
    assert (ran.code, ran.err) == (0, "")
    assert "deadline_s: 10" in ran.out
