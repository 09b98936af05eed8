"""Nothing may be left behind by any fault."""

from tests.networks import nothing_left

__all__ = ["nothing_left"]
