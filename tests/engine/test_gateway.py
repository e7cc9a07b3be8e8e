"""What the gateway itself refuses before anything else, by way of access logs that ask for anything."""

from __future__ import annotations

from pathlib import Path

from engine.running import MS, Run, asked, story


def test_a_path_without_a_method_is_a_403_not_a_404(run: Run, tmp_path: Path) -> None:
    log = asked(tmp_path, (0, "GET /"), (MS, "GET /nowhere"), (2 * MS, "POST /"))
    ran = run(story(clients={"c": log}, assumptions={"rest_overhead": "8 ms"}))
    assert [(row.status, row.reason, row.method) for row in ran.attempts] == [
        (200, "OK", "GET /"),
        (403, "MISSING_AUTHENTICATION_TOKEN", None),
        (403, "MISSING_AUTHENTICATION_TOKEN", None),
    ]
    assert {row.latency_ns for row in ran.attempts} == {8 * MS}
    assert ran.attempts[1].response_bytes == len('{"message":"Missing Authentication Token"}')


def test_it_spends_the_accounts_token_only_where_that_stands_in_front(run: Run, tmp_path: Path) -> None:
    log = asked(tmp_path, (0, "GET /nowhere"), (MS, "GET /"))
    said = story(clients={"c": log}, account={"throttle": {"rate": "0/s", "burst": 1}})
    assert run(said).statuses == [403, 200]
    said["assumptions"]["account_throttle_position"] = "front"
    assert run(said).statuses == [403, 429]


def test_static_goes_before_parameter_before_proxy_and_any_comes_last(run: Run, tmp_path: Path) -> None:
    mocks = {
        "GET /items/top": 201, "GET /items/{id}": 202, "GET /{proxy+}": 203, "ANY /items/{id}": 204,
    }  # fmt: skip
    methods = {route: {"integration": {"mock": {"status": status}}} for route, status in mocks.items()}
    paths = ["GET /items/top", "GET /items/7", "GET /items/7/8", "DELETE /items/7", "POST /other"]
    log = asked(tmp_path, *((n * MS, path) for n, path in enumerate(paths)))
    assert run(story(methods=methods, clients={"c": log})).statuses == [201, 202, 203, 204, 403]


def test_a_request_of_a_log_has_its_own_body_and_so_have_its_retries(run: Run, tmp_path: Path) -> None:
    log = asked(tmp_path, (0, "GET /", 700), (MS, "GET /", 11 * 1024**2), (2 * MS, "GET /"))
    log["retry"] = {"attempts": 2, "statuses": [413, 503]}
    ran = run(story(integration={"mock": {"status": 503}}, clients={"c": log}))
    rows = sorted(ran.attempts, key=lambda row: (row.call, row.attempt))
    assert [(row.call, row.attempt, row.request_bytes, row.status) for row in rows] == [
        (0, 1, 700, 503),
        (0, 2, 700, 503),
        (1, 1, 11 * 1024**2, 413),
        (1, 2, 11 * 1024**2, 413),
        (2, 1, 0, 503),
        (2, 2, 0, 503),
    ]
