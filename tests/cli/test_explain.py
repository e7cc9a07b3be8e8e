"""`explain` on scenarios in which every instant and every token is known by hand."""

from __future__ import annotations

import json

import pytest

COLD = (
    "function f: environment 0, cold (50 ms + Init 150 ms), Duration 100 ms;"
    " at once 1, with others 1 of 1,000 unreserved"
)
METHOD = 'apis.shop.stages.prod.method_settings["GET /a"]'


def steps(text: str) -> list[tuple[str, str]]:
    """The walk: when, where it is another instant than the last, and what."""
    lines = text.splitlines()
    found = []
    for line in lines[lines.index("STEP BY STEP") + 1 :]:
        if not line:
            break
        when, _, what = line.strip().rpartition("  ") if " ms  " in line[:18] else ("", "", line.strip())
        found.append((when.strip(), what))
    return found


def section(text: str, title: str) -> list[str]:
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(title))
    return [
        line.strip()
        for line in lines[
            begin + 1 : next((n for n in range(begin + 1, len(lines)) if not lines[n]), len(lines))
        ]
    ]


def test_the_first_refusal_is_walked_bucket_by_bucket(command) -> None:
    done = command("explain", "tiny.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    # It is sent at 500 ms. The bucket of two tokens gave one at 10 ms and one at 260 ms, and got half of one since.
    assert done.stdout.splitlines()[:3] == [
        "tiny, seed 1: attempt web/2/1  row 2 of requests.parquet, the first refusal or error",
        "  GET /a to shop/prod, sent by web",
        "  0 ms is 500 ms after the start: 2026-01-01 00:00:00.500+00:00",
    ]
    assert steps(done.stdout) == [
        ("0.000 ms", "sent"),
        ("10.000 ms", "arrives at the gateway: GET /a"),
        ("", "shop/prod GET /a throttle (1/s burst 2): 0.5 tokens, less than one: refused"),
        ("20.000 ms", "answered: 429 THROTTLED"),
        ("30.000 ms", "the client has the answer"),
        ("130.000 ms", "after a back-off of 100 ms the client sends attempt 2"),
    ]
    whole = "a whole token is there 500.000 ms later, if nobody takes it first"
    assert section(done.stdout, "WHY") == [
        "A token bucket held less than one token.",
        'gateway response    THROTTLED, {"message":"Too Many Requests"}',
        "execution log       shop/prod GET /a throttle (1/s, burst 2) exceeded throttle limit. Rate Exceeded.",
        f"limit               shop/prod GET /a throttle, 1/s, burst 2: {METHOD}.throttle.rate (tiny.yaml:14)",
        "Latency             10.0 ms, all of it the gateway's own",
        f"may a client retry  yes, nothing was executed; {whole}",
    ]
    became = section(done.stdout, "WHAT BECAME OF THE CALL")
    assert became[0].endswith("and retries 429: 2 attempts in all, no jitter from 100 ms up to 1 s.")
    assert [" ".join(line.split()) for line in became[2:4]] == [
        "-> attempt 1 +0.000 ms 429 THROTTLED 10.000 ms shop/prod GET /a throttle",
        "attempt 2 +130.000 ms 429 THROTTLED 10.000 ms shop/prod GET /a throttle",
    ]
    assert became[4:] == [
        "The call failed: its last answer was an error, 160.000 ms after its start, with 2 attempts.",
        "apigw-sim explain tiny.yaml --attempt web/2/2",
    ]


def test_a_carried_request_shows_what_every_level_held_before_and_after(command) -> None:
    done = command("explain", "tiny.yaml", "--slowest")
    assert done.stdout.startswith(
        "tiny, seed 1: attempt web/0/1  row 1 of requests.parquet, the slowest of 69\n"
    )
    # Half the overhead before the relay, 4 ms of Lambda's service, 50 + 150 ms of cold start, 100 ms of Duration.
    assert steps(done.stdout) == [
        ("0.000 ms", "sent"),
        ("10.000 ms", "arrives at the gateway: GET /a"),
        ("", "shop/prod GET /a throttle (1/s burst 2): 2 tokens, 1 after this request"),
        ("", "account throttle (10,000/s burst 5,000): 5,000 tokens, 4,999 after this request"),
        ("15.000 ms", "relayed to the backend; integration timeout 29000 ms"),
        ("19.000 ms", COLD),
        ("319.000 ms", "the backend's answer is there: 200; IntegrationLatency 304 ms"),
        ("324.000 ms", "answered: 200 OK"),
        ("334.000 ms", "the client has the answer"),
    ]
    assert (
        "Latency             314.0 ms: IntegrationLatency 304.0 ms and 10.0 ms of the gateway's own"
        in done.stdout
    )
    assert "marks               cold start" in done.stdout


@pytest.mark.parametrize(
    ("options", "attempt", "row"),
    [
        (["--attempt", 1], "web/0/1", 1),
        (["--attempt", "web/0/1"], "web/0/1", 1),
        (["--attempt", 69], "web/39/2", 69),
        (["--first", "THROTTLED"], "web/2/1", 2),
        (["--first", "ok", "--client", "web"], "web/0/1", 1),
        (["--client", "web"], "web/2/1", 2),
    ],
)  # fmt: skip
def test_an_attempt_is_found_by_row_name_reason_and_client(command, options, attempt, row) -> None:
    # Call 0 is cold: it is answered at 324 ms. Call 1, a second environment, comes after call 2 is refused at 520 ms.
    done = command("explain", "tiny.yaml", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"tiny, seed 1: attempt {attempt}  row {row} of requests.parquet")


def test_rows_are_those_of_requests_parquet(command, folder) -> None:
    assert command("run", "tiny.yaml", "--out", "out", "--requests").exit_code == 0
    import pyarrow.parquet as pq

    rows = pq.read_table(folder / "out/requests.parquet").to_pylist()
    for number in (1, 2, 3, 30):
        row = rows[number - 1]
        done = command("explain", "tiny.yaml", "--attempt", number)
        assert f"attempt {row['client']}/{row['call']}/{row['attempt']}  row {number} of" in done.stdout
        assert f"answered: {row['status']} {row['reason']}" in done.stdout


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--first", "QUOTA_EXCEEDED"],
            "no attempt ended as QUOTA_EXCEEDED; what occurs: THROTTLED (58), OK (11)",
        ),
        (["--first", "THROTTELD"], "'THROTTELD' is no reason; did you mean 'THROTTLED'?"),
        (["--attempt", 70], "there is no row 70; this run has 69 attempts, from 1 on"),
        (["--attempt", "web/40/1"], "there is no call 40 of web; its calls are 0 to 39"),
        (["--attempt", "web/2/3"], "there is no attempt web/2/3; call 2 of web has 2 attempts"),
        (["--attempt", "app/2/3"], "there is no client 'app'; write web"),
        (["--client", "wbe"], "there is no client 'wbe'; did you mean 'web'?"),
    ],
)
def test_what_does_not_occur_is_answered_with_what_does(command, options, complaint) -> None:
    done = command("explain", "tiny.yaml", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == complaint + "\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--attempt", "0"], ["--attempt", "-1"], ["--attempt", "web/1"], ["--attempt", "web/1/0"],
        ["--attempt", "9" * 30],
        ["--slowest", "--first", "OK"], ["--attempt", "1", "--client", "web"], ["--attempt", "٣"],
    ],
)  # fmt: skip
def test_a_wrong_choice_is_a_usage_error(command, options) -> None:
    done = command("explain", "tiny.yaml", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: apigw-sim explain")


def test_a_run_without_arrivals_has_nothing_to_explain(command) -> None:
    done = command("explain", "tiny.yaml", "--set", "clients.web.arrivals.rate=0/s")
    assert (done.exit_code, done.stderr) == (2, "no attempt arrived; give the run arrivals\n")


def test_where_nothing_fails_the_slowest_is_explained(command) -> None:
    done = command("explain", "tiny.yaml", "--set", f"{METHOD}.throttle={{rate: 50/s, burst: 90}}")
    assert (
        "row 1 of requests.parquet, nothing was refused and nothing failed, so the slowest of 40"
        in done.stdout
    )


def test_levels_before_the_one_that_refuses_spend_nothing(command) -> None:
    """A key of a plan with room, at a method without: the plan's bucket and quota keep what they hold."""
    plan = {
        "apis.shop.methods": {"GET /a": {"integration": {"lambda_proxy": "f"}, "api_key_required": True}},
        "usage_plans": {"gold": {"throttle": {"rate": "2/s", "burst": 9}, "quota": {"limit": 100, "period": "DAY"},
                                 "stages": {"shop/prod": {}}}},
        "api_keys": {"acme": {"plans": ["gold"]}},
        "clients.web.api_key": "acme",
    }  # fmt: skip
    options = [word for path, value in plan.items() for word in ("--set", f"{path}={json.dumps(value)}")]
    done = command("explain", "tiny.yaml", *options, "--first", "THROTTLED")
    # Nine tokens less the two spent at 10 and 260 ms, and at 2/s half a token came in each of the two 250 ms.
    assert steps(done.stdout)[2:5] == [
        ("", "plan gold throttle of acme (2/s burst 9): 8 tokens: admits, spends none"),
        ("", "plan gold quota of acme (100 per DAY): 98 requests left: admits, counts none"),
        ("", "shop/prod GET /a throttle (1/s burst 2): 0.5 tokens, less than one: refused"),
    ]
    counted = ("--set", "assumptions.throttled_counts_to_quota=true")
    counts = command("explain", "tiny.yaml", *options, *counted, "--first", "THROTTLED")
    assert steps(counts.stdout)[3] == (
        "",
        "plan gold quota of acme (100 per DAY): 97 requests left: admits, counts it though it is refused",
    )
    carried = command("explain", "tiny.yaml", *options, "--attempt", "web/1/1")
    assert steps(carried.stdout)[2:6] == [
        ("", "plan gold throttle of acme (2/s burst 9): 8.5 tokens, 7.5 after this request"),
        ("", "plan gold quota of acme (100 per DAY): 99 requests left, 98 after this one"),
        ("", "shop/prod GET /a throttle (1/s burst 2): 1.25 tokens, 0.25 after this request"),
        ("", "account throttle (10,000/s burst 5,000): 5,000 tokens, 4,999 after this request"),
    ]
    assert "with API key acme" in carried.stdout


def test_a_function_that_runs_on_is_followed_to_its_end(command) -> None:
    done = command(
        "explain", "tiny.yaml", "--first", "INTEGRATION_TIMEOUT", "--set", "functions.f.duration=2500 ms",
        "--set", "apis.shop.methods={GET /a: {integration: {lambda_proxy: f, timeout: 1 s}}}",
        "--set", "clients.web.calls=[{call: GET /a, idempotent: false}]",
    )  # fmt: skip
    # Relayed at 15 ms, it reaches the function at 19 ms, which takes 200 ms to start and 2.5 s to run.
    assert steps(done.stdout)[4][0] == "15.000 ms"
    assert steps(done.stdout)[6:9] == [
        ("1,015.000 ms", "integration timeout: 504; the backend works on for nobody"),
        ("1,020.000 ms", "answered: 504 INTEGRATION_TIMEOUT"),
        ("1,030.000 ms", "the client has the answer"),
    ]
    assert "f worked on for nobody until 2,719.000 ms and ended well." in done.stdout
    assert "this one is not idempotent: a retry may execute it twice" in done.stdout


def test_a_client_that_gives_up_is_seen_to(command) -> None:
    done = command("explain", "tiny.yaml", "--attempt", "web/0/1", "--set", "clients.web.timeout=25 ms",
                   "--set", "functions.f.duration=2900 ms")  # fmt: skip
    # It knows at 10 ms that no answer can come before 25 ms; the function begins at 19 ms all the same.
    assert [when for when, _ in steps(done.stdout)[-5:]] == [
        "15.000 ms", "19.000 ms", "25.000 ms", "3,119.000 ms", "3,124.000 ms"
    ]  # fmt: skip
    assert steps(done.stdout)[-3:] == [
        ("25.000 ms", "the client gives up waiting; the request goes on for nobody"),
        ("3,119.000 ms", "the backend's answer is there: 200; IntegrationLatency 3104 ms"),
        ("3,124.000 ms", "answered: 200 OK"),
    ]
    assert (
        "The call failed: the client gave up waiting, 25.000 ms after its start, with 1 attempt."
        in done.stdout
    )
    assert "f worked on for nobody until 3,119.000 ms and ended well." in done.stdout


def test_of_several_clients_the_one_that_is_named_is_followed(command) -> None:
    other = "{target: shop/prod, arrivals: {process: even, rate: 9/s}, calls: [{call: GET /a}]}"
    two = ("--set", f"clients.other={other}")
    assert command("explain", "tiny.yaml", *two).stdout.startswith("tiny, seed 1: attempt other/1/1  ")
    assert command("explain", "tiny.yaml", *two, "--client", "web").stdout.startswith(
        "tiny, seed 1: attempt web/1/1  "
    )


def test_the_cache_tells_how_long_an_entry_lives(command) -> None:
    cached = (
        "--set", "apis.shop.stages.prod.cache_cluster=0.5 GB", "--set", f"{METHOD}.caching={{ttl: 60 s}}",
        "--set", f"{METHOD}.throttle={{rate: 50/s, burst: 90}}",
    )  # fmt: skip
    first = command("explain", "tiny.yaml", *cached, "--attempt", "web/0/1").stdout
    assert ("", "cache: miss, so the backend is asked") in steps(first)
    assert ("", "cache: keeps the answer for 60 s") in steps(first)
    # Kept at 319 ms, asked for by call 2 at 510 ms; a hit takes the overhead and 1 ms.
    hit = command("explain", "tiny.yaml", *cached, "--attempt", "web/2/1").stdout
    assert steps(hit)[-3:] == [
        ("", "cache: hit; the entry lives for another 59.809 s"),
        ("21.000 ms", "answered: 200 OK"),
        ("31.000 ms", "the client has the answer"),
    ]


def test_a_refusal_by_lambda_is_told_with_its_log_line(command) -> None:
    done = command(
        "explain", "tiny.yaml", "--first", "LAMBDA_THROTTLED", "--set", "functions.f.reserved_concurrency=1",
        "--set", f"{METHOD}.throttle={{rate: 50/s, burst: 90}}",
    )  # fmt: skip
    assert done.stdout.startswith("tiny, seed 1: attempt web/1/1  ")
    assert ("19.000 ms", "function f: all 1 of its reserved concurrency in use") in steps(done.stdout)
    why = section(done.stdout, "WHY")
    assert why[1].startswith("gateway response    INTEGRATION_FAILURE, {")
    assert why[2].startswith("execution log       Lambda invocation failed with status: 429.")
    assert why[3].endswith("functions.f.reserved_concurrency (set by an override)")


def test_the_same_request_twice_is_told_in_the_same_bytes(command) -> None:
    first, second = (command("explain", "tiny.yaml", "--seed", 4, "--slowest").stdout for _ in range(2))
    assert first == second
