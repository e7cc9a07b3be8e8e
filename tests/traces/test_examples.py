"""The examples of docs/real-traffic.md: what their plans say of the real files, as the page tells it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from apigw_sim.errors import ScenarioError
from apigw_sim.plan import plan
from apigw_sim.plan.tables import NULL, Counted, Plan
from apigw_sim.scenario import load

FILES = {
    "load_balancer": ("cloudwatch", "cloudwatch/elb_request_count.csv"),
    "web_site": ("access_log", "access-logs/apache_combined.log"),
}
TRACE = "clients.web.arrivals.trace"


def planned(root: Path, shared_data: Path, name: str, *overrides: str) -> Plan:
    key, file = FILES[name]
    if not (shared_data / file).is_file():
        pytest.skip(f"a real input is not here: no file ../shared/data/{file} beside the repository")
    given = f"{TRACE}.{key}=../../../shared/data/{file}"
    return plan(load(root / f"docs/examples/{name}.yaml", overrides=[given, *overrides]))


def test_the_evening_of_the_load_balancer(root: Path, shared_data: Path) -> None:
    """48 periods, 6,126 requests times 20; 656 in the busiest, so 13,120, or 43.7/s."""
    made = planned(root, shared_data, "load_balancer")
    client = made.clients[0]
    report, arrivals = client.trace, client.arrivals
    assert report is not None
    assert isinstance(arrivals, Counted)
    assert made.duration == 4 * 3600 * 10**9
    assert (report.rows, report.requests, report.missing_periods) == (4032, 249_327, 0)
    assert report.placed == int(arrivals.counts.sum()) == 6126 * 20 == 122_520
    assert report.placed + report.cut == 249_327 * 20
    assert (len(arrivals.counts), int(arrivals.counts.max())) == (48, 13_120)
    assert len(report.notes) == 1
    assert "came in 5 min (at most 13,120), not when" in report.notes[0]
    assert "at most 43.7/s on average" in report.notes[0]


def test_the_table_of_bursts_by_hand(root: Path, shared_data: Path) -> None:
    """A burst of an eighth of the period at k times the mean has k/8 of its requests; 30 + 60 * 37.5 of them pass."""
    arrivals = planned(root, shared_data, "load_balancer").clients[0].arrivals
    assert isinstance(arrivals, Counted)
    too_many = {
        k: [n * k / 8 - 2280 for n in arrivals.counts.tolist() if n * k / 8 > 2280] for k in (1, 2, 4, 8)
    }
    assert {k: (len(over), sum(over)) for k, over in too_many.items()} == {
        1: (0, 0), 2: (1, 1000), 4: (6, 6000), 8: (22, 37_600),
    }  # fmt: skip


def test_the_other_questions_to_the_same_file(root: Path, shared_data: Path) -> None:
    whole = planned(root, shared_data, "load_balancer", f"{TRACE}.window=null", f"{TRACE}.scale=4")
    assert whole.clients[0].trace is not None
    assert (whole.clients[0].trace.placed, whole.clients[0].trace.cut) == (997_308, 0)
    assert whole.duration == 4040 * 300 * 10**9
    fast = planned(root, shared_data, "load_balancer", f"{TRACE}.scale=1", f"{TRACE}.speed=20")
    assert fast.clients[0].trace is not None
    assert (fast.clients[0].trace.placed, fast.duration) == (6126, 12 * 60 * 10**9)


def test_the_routes_of_the_web_site(root: Path, shared_data: Path) -> None:
    made = planned(root, shared_data, "web_site")
    client = made.clients[0]
    assert client.trace is not None
    assert isinstance(client.arrivals, Counted)
    assert client.arrivals.pick is not None
    assert (client.trace.rows, client.trace.placed, client.trace.unreadable) == (10_000, 100_000, 0)
    methods = [client.calls[row].method for row in client.arrivals.pick.tolist()]
    routes = Counter("none" if method == NULL else made.methods[method].route for method in methods)
    assert routes == {
        "GET /{proxy+}": 62_220,
        "ANY /blog/{proxy+}": 19_320,
        "GET /images/{proxy+}": 12_420,
        "GET /": 5_720,
        "none": 320,
    }


@pytest.mark.parametrize("name", FILES)
def test_an_example_without_its_trace_says_what_it_misses(root: Path, name: str) -> None:
    with pytest.raises(ScenarioError, match=rf"{TRACE}\.{FILES[name][0]}: there is no file your_"):
        load(root / f"docs/examples/{name}.yaml")


def test_the_page_tells_these_figures(root: Path) -> None:
    page = (root / "docs/real-traffic.md").read_text(encoding="utf-8")
    figures = "4,032 4,040 249,327 6,126 122,520 13,120 43.7/s 62,220 19,320 12,420 5,720 320 8,899"
    assert [figure for figure in figures.split() if figure not in page] == []
