"""Requests that clients sent and no gateway ever saw: lost on the way, so no metric and no log of AWS's has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.plan.tables import Plan
from apigw_sim.records import PREFLIGHT

if TYPE_CHECKING:
    from apigw_sim.records import Block


class Losses:
    """What clients sent over the whole run less what arrived, of those some of whose packets are lost at some time.

    Preflights are no attempts of their calls, and not among them.
    """

    def __init__(self, plan: Plan) -> None:
        self._clients = plan.lossy
        self._lost = np.zeros(len(plan.clients), np.int64)

    def __bool__(self) -> bool:
        """Whether anything is ever lost."""
        return bool(self._clients)

    def fold(self, block: Block) -> None:
        """Take in calls and attempts."""
        if block.table.name == "calls":
            np.add.at(self._lost, block["client"], block["attempts"].astype(np.int64))
        elif block.table.name == "attempts":
            arrived = block["client"][block["attempt"] <= PREFLIGHT]
            self._lost -= np.bincount(arrived, minlength=len(self._lost))

    def of(self, client: int) -> dict[str, Any]:
        """A client's row of the summary; nothing of who loses nothing."""
        return {"lost_requests": int(self._lost[client])} if client in self._clients else {}
