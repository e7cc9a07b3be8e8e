"""The tour of errors and the scenario on validation do what their comments say; docs/errors.md is what the reasons say."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest
from scenarios.comments import Claim, numbers
from scenarios.comments import check as checked
from scenarios.test_scenarios import COMMENTS, Run, run, vouched

from apigw_sim.advice.errors import MADE_BY, SEEN, markdown
from apigw_sim.rules.reason import REASONS

WHOLE = 120
OF_CLIENTS = {
    "c400_body": {(400, "BAD_REQUEST_BODY"): WHOLE},
    "c400_parameter": {(400, "BAD_REQUEST_PARAMETERS"): WHOLE},
    "c403_no_key": {(403, "INVALID_API_KEY"): WHOLE},
    "c404_backend": {(404, "BACKEND_4XX"): WHOLE},
    "c413_gateway": {(413, "REQUEST_TOO_LARGE"): WHOLE},
    "c413_lambda": {(413, "LAMBDA_REQUEST_TOO_LARGE"): WHOLE},
    "c414_url": {(414, "URI_TOO_LONG"): WHOLE},
    "c415_text": {(415, "UNSUPPORTED_MEDIA_TYPE"): WHOLE},
    "c429_throttle": {(200, "OK"): 60, (429, "THROTTLED"): 60},
    "c429_quota": {(200, "OK"): 100, (429, "QUOTA_EXCEEDED"): 20},
    "c431_headers": {(431, "HEADERS_TOO_LARGE"): WHOLE},
    "c500_throttled": {(500, "LAMBDA_THROTTLED"): WHOLE},
    "c500_unmapped": {(500, "UNMAPPED_RESPONSE"): WHOLE},
    "c500_large": {(500, "BACKEND_RESPONSE_TOO_LARGE"): WHOLE},
    "c502_crash": {(502, "FUNCTION_ERROR"): WHOLE},
    "c502_misshapen": {(502, "MALFORMED_RESPONSE"): WHOLE},
    "c502_ended": {(502, "FUNCTION_TIMEOUT"): WHOLE},
    "c502_verbose": {(502, "RESPONSE_TOO_LARGE"): WHOLE},
    "c503_backend": {(200, "OK"): 60, (503, "BACKEND_5XX"): 60},
    "c503_gateway": {(200, "OK"): 110, (503, "GATEWAY_UNAVAILABLE"): 10},
    "c503_restyled": {(200, "OK"): 60, (503, "THROTTLED"): 2 * 60},
    "c504_timeout": {(504, "INTEGRATION_TIMEOUT"): WHOLE},
    "c504_outage": {(200, "OK"): 105, (504, "INTEGRATION_FAILURE"): 15},
    "c200_error": {(200, "FUNCTION_ERROR"): WHOLE},
}
"""By hand, from the file: what each client meets, by status and reason."""


@pytest.fixture(scope="module")
def tour() -> Run:
    return run("errors_tour")


def test_errors_tour(tour: Run) -> None:
    """Every error is met by its client as often as arithmetic says."""
    counts = tour.requests.groupby(["client", "status", "reason"], observed=True).size()
    found: dict[str, dict[tuple[int, str], int]] = {}
    for (client, status, reason), count in counts.items():
        found.setdefault(client, {})[status, reason] = count
    assert found == OF_CLIENTS


def test_the_tour_shows_every_status_that_comes_of_something_simulated(tour: Run) -> None:
    shown = {reason.status for reason in REASONS if reason.name in {*SEEN, *MADE_BY}} - {0}
    assert {int(status) for status in tour.requests["status"].unique()} >= shown | {200, 404, 503}


def test_the_comment_of_the_tour(tour: Run) -> None:
    seen = tour.requests["client"].value_counts()
    hidden = sum(seen[name] for name in ("c413_gateway", "c431_headers")) + 10
    count = tour.result.metrics
    stages = count[(count["metric"] == "Count") & (count["stage"] != "") & (count["method"] == "")]
    assert stages["Sum"].sum() == len(tour.requests) - hidden
    assert all(row["met"] for row in tour.summary["expectations"])
    vouched(
        "errors_tour",
        [
            Claim("once a second for two minutes, {} times", (WHOLE,)),
            Claim("lets every second request through: {}.", (60,)),
            Claim("a quota of {} a day: {}.", (100, 20)),
            Claim("three quarters of a token: {} calls, {} attempts", (60, 120)),
        ],
        [
            Claim(
                "{} attempts of {} calls; of {} CloudWatch has no metric",
                (24 * WHOLE + 60, 24 * WHOLE, hidden),
            ),
            Claim("the gateway's own {}, {} and {}", (413, 431, 503)),
        ],
    )


def test_request_validation() -> None:
    """Binomial shares: four standard errors of 600 in 6000 are 93, of 300 in 3000 66."""
    done = run("request_validation")
    counts = done.requests.groupby(["client", "reason"], observed=True).size()
    invalid = counts["strict", "BAD_REQUEST_BODY"]
    assert abs(invalid - 600) <= 4 * sqrt(6000 * 0.1 * 0.9)
    assert abs(counts["limited", "BAD_REQUEST_BODY"] - 300) <= 4 * sqrt(3000 * 0.1 * 0.9)
    assert counts["limited", "THROTTLED"] == 3000
    clients, functions = done.summary["clients"], done.summary["functions"]
    stubborn = clients["stubborn"]
    # The summary leaves out what arrives after the end, and the rows do not.
    assert (done.requests["client"] == "stubborn").sum() == 6000 + 2 * (6000 - stubborn["succeeded"])
    assert functions["order"]["invocations"] == 6000 - invalid
    refused = done.requests[(done.requests["client"] == "strict") & (done.requests["status"] == 400)]
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "request_validation",
        [
            Claim("{}/s for two minutes, {} calls", (50, 6000)),
            Claim("validates: {} calls are", (600,)),
            Claim("the other {}.", (5400,)),
            Claim("invoked {} times", (6000,)),
            Claim("{} calls cost {} requests: {} attempts a call", (600, 1800, 1.2)),
            Claim("{} of the {} that pass", (300, 3000)),
        ],
        [
            Claim(
                "{} calls were a {}, in {} ms at p50", (invalid, 400, refused["latency_ns"].median() / 1e6)
            ),
            Claim("{} invocations were left", (functions["order"]["invocations"],)),
            Claim("lenient {} invocations", (functions["order_lenient"]["invocations"],)),
            Claim("{} attempts a call, and {} calls", (stubborn["amplification"], stubborn["succeeded"])),
            Claim("{} were a {}, and of", (3000, 429)),
            Claim("others {} a {}", (counts["limited", "BAD_REQUEST_BODY"], 400)),
        ],
    )


def test_the_page_of_errors_is_what_the_reasons_say(root: Path) -> None:
    page = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert page == markdown(), (
        'write it anew: python -c "from apigw_sim.advice.errors import markdown; print(markdown(), end=str())" '
        "> docs/errors.md"
    )
    for reason in REASONS:
        assert reason.name == "OK" or f"| {reason.name} |" in page


def test_every_error_that_the_page_shows_in_the_tour_is_met_there() -> None:
    for reason, client in SEEN.items():
        assert any(why == reason for _, why in OF_CLIENTS[client]), reason
    assert not set(SEEN) & set(MADE_BY)


def test_a_claim_that_is_not_so_would_be_seen() -> None:
    wrong = COMMENTS["errors_tour"].outcome.replace("2,940", "2,941")
    with pytest.raises(AssertionError, match="should be"):
        checked(wrong, [Claim("{} attempts", (2940,))])
    assert numbers("of 250 and 7") == ["250", "7"]
