"""The catalogue's plans of an account in several Regions."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from engine.catalogue_gateway import AGAIN, every
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story

AWAY = "us-west-2"


def apart(**parts: Any) -> dict[str, Any]:
    """An API at home and its like in a further Region, a function each and one more there, all with too little."""
    work = {"duration": {"p50": "60 ms", "p99": "400 ms"}, "cold_start": {"runtime": "python3.13"}}
    made = story(
        integration={"lambda_proxy": "f"},
        functions={"f": work, "g": {**work, "region": AWAY}, "r": {**work, "region": AWAY, "reserved_concurrency": 4}},
        clients={
            "c": client(every(17 * MS, 3 * SECOND), retry=AGAIN),
            "d": {**client(every(19 * MS, 3 * SECOND), retry=AGAIN), "target": "b/s"},
            "e": {**client(every(30 * MS, 3 * SECOND), "POST /"), "target": "b/s"},
        },
        account={
            "throttle": {"rate": "50/s", "burst": 3}, "lambda_concurrency": 110, "used_elsewhere": {"lambda_concurrency": 105},
        },
        regions={AWAY: {"throttle": {"rate": "40/s", "burst": 2}, "lambda_concurrency": 104}},
        run={"duration": "3 s", "period": "500 ms"},
        **parts,
    )  # fmt: skip
    made["apis"]["b"] = {**deepcopy(made["apis"]["a"]), "region": AWAY}
    made["apis"]["b"]["methods"] = {
        "GET /": {"integration": {"lambda_proxy": "g"}}, "POST /": {"integration": {"lambda_proxy": "r"}},
    }  # fmt: skip
    return made


MOVES = [{"at": "1500 ms", "set": {"functions.r.reserved_concurrency": 2}}]
ENTRIES: dict[str, Entry] = {
    "two Regions": entry(apart(timeline=MOVES), "refused by ACCOUNT", "refused by LAMBDA_ACCOUNT", "journal"),
    "two Regions, the account's throttle in front": entry(
        apart(assumptions={"account_throttle_position": "front"}), "refused by ACCOUNT"
    ),
    "two Regions, on hosts": entry(
        apart(assumptions={"throttling": {"partitioned": {"hosts": 2, "each": "burst"}}}),
        "refused by ACCOUNT",
    ),
}
