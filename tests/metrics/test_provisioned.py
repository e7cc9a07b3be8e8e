"""Provisioned concurrency in CloudWatch's metrics, in the summary, and by alias, from whole runs of a few requests."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import MINUTE, MS, at, planned, story

from apigw_sim.compose import simulate
from apigw_sim.metrics.series import KINDS
from apigw_sim.metrics.summary import _functions

BODY = {
    "duration": "15 s", "versions": {"1": {}}, "aliases": {"PROD": "1"}, "provisioned_concurrency": {"PROD": 4},
}  # fmt: skip


@pytest.fixture(params=["simpy", "compiled"])
def run(request: pytest.FixtureRequest) -> Any:
    """Six at once at 0 s, one at 1 min: 15 s each, four of them provisioned. 10 more are reserved elsewhere."""
    functions = {"f": BODY, "g": {"duration": "1 s", "reserved_concurrency": 10}}
    said = story(
        at(*[0] * 6, MINUTE), {"lambda_proxy": "f:PROD"}, functions=functions, run={"duration": "2 min"}
    )
    return simulate(planned(said), engine=request.param)


def test_the_metrics_of_provisioned_concurrency(run: Any) -> None:
    """In the first minute 4 of 4 are in use for a quarter of it, in the second one; two spilled over."""
    columns, found = run.metrics.columns(), {}
    for period, series, metric, values in zip(
        columns.period, columns.series, columns.metric, columns.values, strict=True
    ):
        name = KINDS[metric].name
        if name.startswith("Provisioned"):
            label = run.metrics.numbering.series[series].label
            statistic = values[4] if name.endswith(("Executions", "Utilization")) else values[1]
            found[int(period), label, name] = float(statistic)
            if name.endswith("Utilization"):
                found[int(period), label, "Average"] = float(values[2])
    each = {
        (0, "ProvisionedConcurrencyInvocations"): 4,
        (0, "ProvisionedConcurrencySpilloverInvocations"): 2,
        (1, "ProvisionedConcurrencyInvocations"): 1,
    }
    level = {
        (0, "ProvisionedConcurrentExecutions"): 4, (0, "ProvisionedConcurrencyUtilization"): 1, (0, "Average"): 0.25,
        (1, "ProvisionedConcurrentExecutions"): 1, (1, "ProvisionedConcurrencyUtilization"): 0.25,
        (1, "Average"): 0.0625,
    }  # fmt: skip
    assert found == {
        (period, label, name): value
        for of, labels in ((each, ("f", "f:PROD", "f:1")), (level, ("f:PROD",)))
        for (period, name), value in of.items()
        for label in labels
        if label != "f:1"
    }


def test_what_is_provisioned_is_claimed_of_the_account(run: Any) -> None:
    """ClaimedAccountConcurrency: 2 on demand, 10 reserved, 4 provisioned out of no reservation."""
    columns = run.metrics.columns()
    mine = [KINDS[metric].name == "ClaimedAccountConcurrency" for metric in columns.metric]
    assert columns.values[mine, 4].tolist() == [2 + 10 + 4, 0 + 10 + 4]


def test_the_summary_tells_how_much_was_used(run: Any) -> None:
    run.metrics.finish()
    assert _functions(run.metrics)["f"]["provisioned_concurrency"] == {
        "PROD": {
            "mean_allocated": 4, "max_concurrency": 4, "mean_utilization": round((4 + 1) * 15 / (4 * 120), 6),
            "max_utilization": 1, "invocations": 5, "spillover_invocations": 2,
        }
    }  # fmt: skip


def test_nothing_of_it_is_shown_where_there_is_none() -> None:
    run = simulate(
        planned(story(at(0), {"lambda_proxy": "f"}, functions={"f": {"duration": f"{MS // MS} s"}}))
    )
    names = {KINDS[metric].name for metric in run.metrics.columns().metric}
    assert not [name for name in names if name.startswith("Provisioned")]
    assert "provisioned_concurrency" not in _functions(run.metrics)["f"]
