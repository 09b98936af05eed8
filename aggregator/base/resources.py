"""Files that travel with the code: found in a checkout and in an installed wheel alike.

`web/`, `config/` and `demo/` stand beside the package in a checkout; in a wheel they are
`aggregator/_web`, `aggregator/_config` and `aggregator/_demo`, so that nothing of such common
names lands among other people's packages.
"""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """Find the folder `web` or `config`; raises FileNotFoundError for a broken installation."""
    installed = _PACKAGE / f"_{name}"
    if installed.is_dir():
        return installed
    beside = _PACKAGE.parent / name
    if beside.is_dir():
        return beside
    raise FileNotFoundError(f"the installation is incomplete: no {name} folder beside {_PACKAGE}")


def demo_package() -> ModuleType:
    """Import the demo network, which is a package of its own and knows nothing of this one."""
    if (_PACKAGE / "_demo").is_dir():
        return importlib.import_module("aggregator._demo")
    return importlib.import_module("demo")
