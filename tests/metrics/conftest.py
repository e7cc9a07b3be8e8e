"""Every story is told twice: to the fold by numpy, and to the one by compiled kernels."""

from __future__ import annotations

import pytest

from apigw_sim.metrics import Metrics


@pytest.fixture(autouse=True, params=[False, True], ids=["numpy", "kernels"])
def fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether `Metrics` that are not told otherwise fold by kernels."""
    wanted: bool = request.param
    monkeypatch.setitem(Metrics.__init__.__kwdefaults__, "fast", wanted)
    return wanted
