"""Five small beacons on loopback, each a miniature of a real server family.

They are the fixture of the integration tests and the network of `beacon-aggregator demo`. They
are written against the specifications and the recorded answers of real servers, and share no
code with the broker: a mistake made on both sides would otherwise cancel out. The variants are
real, the counts are invented.
"""

from .beacon import DemoBeacon, Fault, Received
from .network import BEACON_IDS, DemoNetwork

__all__ = ["BEACON_IDS", "DemoBeacon", "DemoNetwork", "Fault", "Received"]
