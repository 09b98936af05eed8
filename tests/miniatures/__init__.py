"""Miniatures of the seven real server families the network has to ask, each in a file of its own.

Each accepts and refuses exactly the forms of request its original does, and holds the same few
variants and people (`holdings`).
"""

from tests.miniatures.base import Json, Miniature
from tests.miniatures.beacon_python import BeaconPython
from tests.miniatures.bento import Bento
from tests.miniatures.bycon import Bycon
from tests.miniatures.cgbeacon2 import CgBeacon2
from tests.miniatures.pi import PI
from tests.miniatures.ri import RI
from tests.miniatures.sbeacon import SBeacon

__all__ = [
    "PI",
    "RI",
    "BeaconPython",
    "Bento",
    "Bycon",
    "CgBeacon2",
    "Json",
    "Miniature",
    "SBeacon",
]
