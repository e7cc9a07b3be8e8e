"""Records: when their targets changed their health, how their clients' calls fared, and what each fault cost them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.plan.tables import NULL, Event, Plan
from apigw_sim.records import CallOutcome
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from apigw_sim.records import Block

OF_FAULTS = ("loss", "unavailable", "fault", "serves")
"""What faults write."""
WINDOW = 10
"""Seconds: calls are well again when those of so many seconds go as they did before."""
AS_WELL = 0.99
"""... or nearly."""


class Recoveries:
    """Calls by records, second by second of their start."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        of = [NULL if client.names is None else client.names.record for client in plan.clients]
        self._record = np.array(of, np.int64)
        seconds = -(-plan.duration // SECOND) if plan.records else 0
        self._calls = np.zeros((2, len(plan.records), seconds), np.int64)
        """Those that started, and of them those that went well."""
        self._health: list[list[dict[str, Any]]] = [[] for _ in plan.records]

    def __bool__(self) -> bool:
        """Whether there is any record."""
        return bool(self.plan.records)

    def fold(self, block: Block) -> None:
        """Take in calls, or rows of the journal."""
        if block.table.name == "calls":
            self._take(block)
        elif block.table.name == "journal":
            for at, record, stage, healthy in zip(
                *(block[name].tolist() for name in ("at_ns", "record", "target", "healthy")), strict=True
            ):
                if record != NULL:
                    name = self.plan.stages[stage].name
                    self._health[record].append(
                        {"at_s": at / SECOND, "stage": name, "healthy": bool(healthy)}
                    )

    def _take(self, block: Block) -> None:
        record, started = self._record[block["client"]], block["started_ns"]
        mine = (record != NULL) & (started >= 0) & (started < self.plan.duration)
        place = record[mine], started[mine] // SECOND
        np.add.at(self._calls[0], place, 1)
        np.add.at(self._calls[1], place, (block["outcome"][mine] == CallOutcome.SUCCEEDED).astype(np.int64))

    def summary(self) -> dict[str, Any]:
        """The summary's `records`; nothing where there is none."""
        if not self:
            return {}
        faults = [
            event
            for event in self.plan.timeline
            if event.until != NULL and all(cell.verb in OF_FAULTS for cell in event.begin)
        ]
        rows = {}
        for number, record in enumerate(self.plan.records):
            started, well = self._calls[:, number].sum(axis=1).tolist()
            rows[record.name] = {
                "calls": started,
                "succeeded": well,
                "health": self._health[number],
                "faults": [self._fault(number, event) for event in faults],
            }
        return {"records": rows}

    def _fault(self, record: int, event: Event) -> dict[str, Any]:
        """What a fault did to the calls by a record: whole seconds, that of its beginning the first."""
        started, well = self._calls[:, record]
        first, end = event.at // SECOND, -(-event.until // SECOND)
        began, went = started[:first].sum(), well[:first].sum()
        least = AS_WELL * went / began if began else AS_WELL
        again = None
        for second in range(first, len(started)):
            of = slice(second, second + WINDOW)
            if (
                started[second]
                and well[second] >= least * started[second]
                and well[of].sum() >= least * started[of].sum()
            ):
                again = float(second) - event.at / SECOND
                break
        changes = (row["at_s"] - event.at / SECOND for row in self._health[record] if not row["healthy"])
        return {
            "fault": event.text,
            "at_s": event.at / SECOND,
            "unhealthy_after_s": next((after for after in changes if after >= 0), None),
            "recovered_after_s": None if again is None else max(again, 0.0),
            "calls_lost": int((started - well)[first:end].sum()),
        }
