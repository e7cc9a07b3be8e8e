"""The scenario about moving from a REST API to an HTTP API does what its comment says."""

from __future__ import annotations

from scenarios.comments import Claim
from scenarios.test_scenarios import run, vouched


def test_rest_to_http() -> None:
    """445: of 300 orders, five a second, the first 29 s (145) meet the slow minute twice, the others once."""
    done = run("rest_to_http")
    old, new = (done.summary["clients"][name] for name in ("old", "new"))
    early, minute = 29 * 5, 60 * 5
    again = 2 * early + (minute - early)
    assert (old["gave_up"], old["duplicate_executions"]) == (minute, 0)
    assert (new["gave_up"], new["duplicate_executions"]) == (0, again)
    assert (old["calls"], new["attempts"]) == (1_800, 1_800 + again)
    median = {
        name: float(done.requests.loc[done.requests["stage"] == name, "latency_ns"].median()) / 1e6
        for name in ("rest/prod", "http/$default")
    }
    rest, http = (done.summary["stages"][name]["5XXError"] for name in median)
    of_metrics = done.result.metrics
    named = of_metrics[(of_metrics["api"] == "http") & (of_metrics["metric"] == "5xx")]
    assert named.loc[named["stage"] == "$default", "Sum"].sum() == again
    vouched(
        "rest_to_http",
        [
            Claim("waits {} s and answers {}, which its client does not repeat: the {} orders", (29, 504, minute)),
            Claim("waits {} s and answers {}", (30, 503)),
            Claim("Of the {} orders those of the first {} s, {},", (minute, 29, early)),
            Claim("In the end every order succeeds, and {} * {} + {} = {} times",
                  (2, early, minute - early, again)),
            Claim("Of {} requests REST shows {} % of 5XXError; the other client sends {}, of which {} % are 5xx",
                  (1_800, 100 * minute / 1_800, 1_800 + again, 100 * again / (1_800 + again))),
        ],
        [
            Claim("rest {} orders failed, {} were executed again; http {} failed, {} executions", (minute, 0, 0, again)),
            Claim("{} % of 5XXError, {} % of 5xx", (100 * rest, 100 * http)),
            Claim("{} ms of the REST API, {} ms of the HTTP API", (median["rest/prod"], median["http/$default"])),
        ],
    )  # fmt: skip
