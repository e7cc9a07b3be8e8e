"""Small scenarios that are alike but for one number: methods, keys, plans, requests in flight, ties, far timers.

All offer 10,000 requests a second to a gateway with a throttle for every method, and are plain data for `load`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

RATE = 10_000  # requests a second
START = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = "200000/s"  # a limit that is looked at and never met
ROOMY = {"rate": NEVER, "burst": 100_000}

Scenario = dict[str, Any]


def gateway(
    seconds: float, *, methods: int = 10, keys: int = 10, plans: int = 1, latency: Any = "100 ms", **more: Any
) -> Scenario:
    """A REST API of `methods` methods in front of an HTTP backend; each plan has a client and `keys` keys of its own."""
    names = [f"GET /m{number}" for number in range(methods)]
    client = {
        "target": "wide/prod",
        "arrivals": {"process": "poisson", "rate": f"{RATE // plans}/s"},
        "calls": [{"call": name} for name in names],
    } | more
    return {
        "name": "scaling",
        "run": {"duration": f"{round(seconds * 1000)} ms", "period": "1 min", "seed": 7, "start": START.isoformat()},
        "account": {"region": "us-east-1", "throttle": ROOMY},
        "backends": {"site": {"http": {"latency": latency}}},
        "apis": {
            "wide": {
                "type": "REST",
                "endpoint": "REGIONAL",
                "methods": {
                    name: {"integration": {"http_proxy": "site"}, "api_key_required": True} for name in names
                },
                "stages": {"prod": {"method_settings": {"every_method": {"throttle": ROOMY}}}},
            }
        },
        "usage_plans": {
            f"plan{number}": {
                "throttle": ROOMY,
                "quota": {"limit": 2_000_000_000, "period": "DAY"},
                "stages": {"wide/prod": {}},
            }
            for number in range(plans)
        },
        "api_keys": {f"key{number}": {"plans": [f"plan{number}"], "count": keys} for number in range(plans)},
        "clients": {
            f"client{number}": client | {"api_key": {"from": f"key{number}", "uniform": True}}
            for number in range(plans)
        },
    }  # fmt: skip


def burst(seconds: float, size: int, folder: Path) -> Scenario:
    """`size` requests at one instant, again and again; all take equally long, so that their answers coincide too."""
    bursts = round(seconds * RATE / size)
    file = folder / f"{size}x{bursts}.csv"
    minutes = (START + timedelta(minutes=number) for number in range(bursts))
    file.write_text("timestamp,value\n" + "".join(f"{at.isoformat()},{size}\n" for at in minutes))
    trace = {"cloudwatch": str(file), "within_period": "start", "speed": 60 * RATE // size}
    made = gateway(seconds, arrivals={"trace": trace})
    made["assumptions"] = {"rest_overhead": "5 ms"}
    return made


def refused(seconds: float, wait: str, **more: Any) -> Scenario:
    """Every call fails at its backend and is tried once more, `wait` later."""
    backoff = {"base": wait, "cap": wait, "jitter": "none"}
    made = gateway(seconds, retry={"attempts": 2, "statuses": [503], "backoff": backoff}, **more)
    made["backends"]["site"]["http"]["status"] = 503
    return made
