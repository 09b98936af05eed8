"""Laws hold on slow machines too: no example has a time limit."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
