"""The documented examples, run: real traffic at several times its rate, every request accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

import apigw_sim as sim

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "real-traffic.md").read_text(encoding="utf-8")


def test_a_load_balancers_evening_twenty_times_over(shared_data: Path) -> None:
    """48 periods hold 6,126 requests; times 20 that is 122,520, and the page says that none is refused."""
    trace = shared_data / "cloudwatch" / "elb_request_count.csv"
    result = sim.run(
        DOCS / "examples" / "load_balancer.yaml",
        overrides={"clients.web.arrivals.trace.cloudwatch": str(trace)},
    )
    requests = result.summary["requests"]
    assert requests["count"] == 6_126 * 20 == sum(requests["by_status"].values())
    assert "429" not in requests["by_status"]
    assert f"{requests['count']:,}" in PAGE


@pytest.mark.slow
def test_two_weeks_of_a_load_balancer_four_times_over(shared_data: Path) -> None:
    """4,032 rows over 4,040 periods, 249,327 requests: times 4, all of them are answered."""
    trace = shared_data / "cloudwatch" / "elb_request_count.csv"
    result = sim.run(
        DOCS / "examples" / "load_balancer.yaml",
        overrides={
            "clients.web.arrivals.trace.cloudwatch": str(trace),
            "clients.web.arrivals.trace.window": None,
            "clients.web.arrivals.trace.scale": 4,
        },
    )
    assert result.plan.clients[0].trace is not None
    assert (result.plan.clients[0].trace.rows, result.plan.clients[0].trace.missing_periods) == (4_032, 8)
    assert result.summary["requests"]["count"] == 249_327 * 4


def test_a_web_sites_log_ten_times_over(shared_data: Path) -> None:
    """10,000 lines times 10; those whose path no route matches are 403s, and the page's figures are the run's."""
    log = shared_data / "access-logs" / "apache_combined.log"
    result = sim.run(
        DOCS / "examples" / "web_site.yaml", overrides={"clients.web.arrivals.trace.access_log": str(log)}
    )
    requests, cache = result.summary["requests"], result.summary["cache"]
    assert requests["count"] == 100_000 == sum(requests["by_status"].values())
    for figure in (requests["by_reason"]["MISSING_AUTHENTICATION_TOKEN"], cache["hits"], cache["misses"]):
        assert f"{figure:,}" in PAGE
