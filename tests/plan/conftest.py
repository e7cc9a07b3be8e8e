"""Small scenarios, written as data over a base of one API with three methods."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from apigw_sim.plan import plan
from apigw_sim.plan.tables import Plan
from apigw_sim.scenario import Scenario, load

BASE: dict[str, Any] = {
    "run": {"duration": "10 min", "start": "2026-11-27T09:00:00Z"},
    "functions": {"worker": {"duration": "100 ms"}},
    "apis": {
        "shop": {
            "type": "REST",
            "endpoint": "REGIONAL",
            "methods": {
                "GET /items/{id}": {"integration": {"lambda_proxy": "worker"}, "cache_key": ["path.id"]},
                "GET /stock/{id}": {"integration": {"mock": {}}, "api_key_required": True},
                "POST /orders": {"integration": {"mock": {}}},
            },
            "stages": {"prod": {}},
        }
    },
    "clients": {
        "web": {
            "target": "shop/prod",
            "arrivals": {"process": "even", "rate": "1/s"},
            "calls": [{"call": "POST /orders"}],
        }
    },
}
STAGE = "apis.shop.stages.prod"
SETTINGS = f"{STAGE}.method_settings"


def scenario(parts: dict[str, Any] | None = None, overrides: dict[str, Any] | None = None) -> Scenario:
    """The base with whole parts replaced, then overridden by path."""
    return load({**deepcopy(BASE), **(parts or {})}, overrides=overrides or {})


@pytest.fixture
def make() -> Callable[..., Plan]:
    """Make the plan of a scenario: whole parts of the base replaced, then overridden by path."""
    return lambda parts=None, **overrides: plan(scenario(parts, overrides.get("over")))
