"""Tests ask for `run`, not for an engine."""

from __future__ import annotations

from functools import partial

import pytest
from engine.running import ENGINES, Run, run_on


@pytest.fixture(scope="session", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a scenario on each engine in turn, and give its rows."""
    return partial(run_on, request.param)
