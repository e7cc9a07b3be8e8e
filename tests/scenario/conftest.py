"""What the tests of scenarios share: a small scenario as plain data, and the shipped one."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.errors import ScenarioError
from apigw_sim.scenario import Scenario, load

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, Any] = {
    "name": "small",
    "run": {"duration": "10 min"},
    "functions": {"f": {"duration": "40 ms"}},
    "apis": {
        "shop": {
            "type": "REST",
            "endpoint": "REGIONAL",
            "methods": {
                "GET /items/{id}": {"integration": {"lambda_proxy": "f"}},
                "POST /orders": {"integration": {"lambda_proxy": "f"}},
            },
            "stages": {"prod": {}},
        }
    },
    "clients": {
        "web": {
            "target": "shop/prod",
            "arrivals": {"process": "poisson", "rate": "10/s"},
            "calls": [{"call": "GET /items/{id}", "path": {"id": 7}}],
        }
    },
}


@pytest.fixture
def small() -> dict[str, Any]:
    """A small scenario as plain data, to be changed."""
    return deepcopy(SMALL)


@pytest.fixture
def flash_sale() -> Path:
    return ROOT / "scenarios" / "flash_sale.yaml"


@pytest.fixture
def given(small: dict[str, Any]) -> Callable[..., Scenario]:
    """The small scenario with overrides."""
    return lambda overrides=(): load(small, overrides=overrides)


@pytest.fixture
def problems(small: dict[str, Any]) -> Callable[..., list[str]]:
    """What is said of the small scenario with overrides that it cannot take."""

    def said(overrides: Any = (), data: Any = None) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load(small if data is None else data, overrides=overrides)
        return [str(problem) for problem in caught.value.problems]

    return said
