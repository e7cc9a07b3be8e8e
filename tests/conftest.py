"""What every test can rely on: one odd time zone, a plain terminal, repeatable examples, and the real data."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"

# No result may depend on where or in which language it was made, so the suite runs (its subprocesses too) in a
# zone with an odd offset and daylight saving, without colours, at one width.
os.environ.update(TZ="Pacific/Chatham", LC_ALL="C", NO_COLOR="1", COLUMNS="100", MPLBACKEND="Agg")
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "LINES"):
    os.environ.pop(name, None)
if hasattr(time, "tzset"):
    time.tzset()

# The same examples on every run and machine: a failure in CI is a failure at the desk.
settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real inputs beside the repository; a test that needs it is skipped where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real inputs are not here: no folder ../shared/data beside the repository")
    return SHARED_DATA
