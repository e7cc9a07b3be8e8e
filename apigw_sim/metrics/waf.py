"""AWS/WAFV2: what web ACLs allowed, blocked and counted, from their gauges; and the summary's `web_acls`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.counters import count
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.plan.web_acls import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from apigw_sim.metrics.gauges import Gauges

OF_ACTION = {
    Action.ALLOW: Metric.ALLOWED_REQUESTS,
    Action.BLOCK: Metric.BLOCKED_REQUESTS,
    Action.COUNT: Metric.COUNTED_REQUESTS,
}


class WafPeriods:
    """The web ACLs of a plan, period by period: by rule, and of all rules of one what they allowed and blocked."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        waf = plan.waf
        gauges = [slot(GaugeKind.WAF_ALLOWED, number) for number in range(len(waf.acls))]
        gauges += [slot(GaugeKind.WAF_MATCHED, number) for number in range(len(waf.rules))]
        self._slots = np.array(gauges, np.int64)
        self._before = np.zeros(len(gauges), np.int64)
        self._series = numbering.of_rule
        """Of each gauge: the series of its rule, or of what no rule ended."""
        self._metric = np.array(
            [Metric.ALLOWED_REQUESTS] * len(waf.acls) + [OF_ACTION[rule.action] for rule in waf.rules]
        )
        self._whole = numbering.of_acl
        self._acl = np.array([*range(len(waf.acls)), *(waf.acls.index(rule.acl) for rule in waf.rules)])

    def publish(self, number: int, levels: NDArray[np.int64]) -> None:
        """A period has ended at these levels."""
        now = levels[self._slots]
        came = now - self._before
        self._before = now
        for metric in OF_ACTION.values():
            mine = self._metric == metric
            if metric is not Metric.COUNTED_REQUESTS:  # what several rules count is counted by each of them
                whole = np.bincount(self._acl[mine], came[mine], len(self._whole)).astype(np.int64)
                count(self._figures, number, metric, self._whole, whole)
            count(self._figures, number, metric, self._series[mine], came[mine])


def summary(plan: Plan, gauges: Gauges) -> dict[str, Any]:
    """What became of the requests that came to each web ACL over the whole run, and what each rule matched."""
    waf = plan.waf
    rows: dict[str, Any] = {}
    for number, acl in enumerate(waf.acls):
        by_default = gauges.level(GaugeKind.WAF_ALLOWED, number)
        rules = {row: gauges.level(GaugeKind.WAF_MATCHED, row) for row in waf.rules_of(number)}
        of = {
            action: sum(n for row, n in rules.items() if waf.rules[row].action is action) for action in Action
        }
        allowed = by_default + of[Action.ALLOW]
        rows[acl] = {
            "requests": allowed + of[Action.BLOCK],
            "allowed": allowed,
            "blocked": of[Action.BLOCK],
            "rules": {
                waf.rules[row].name: {"action": waf.rules[row].action.name, "matched": count}
                for row, count in rules.items()
            },
        }
    return {"web_acls": rows} if rows else {}
