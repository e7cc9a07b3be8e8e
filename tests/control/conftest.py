"""Control runs the same on every engine."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["simpy", "compiled"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    name: str = request.param
    return name
