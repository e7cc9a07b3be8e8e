"""What `run` prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILES = ["metrics.csv", "metrics.json", "overview.svg", "summary.json"]


def section(text: str, title: str) -> list[str]:
    """The lines of a section."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(title))
    return lines[begin + 1 : next((n for n in range(begin + 1, len(lines)) if not lines[n]), len(lines))]


def test_what_was_offered_carried_and_refused_stands_first(command) -> None:
    done = command("run", "tiny.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert section(done.stdout, "REQUESTS") == [
        "  offered  69          6.9/s",
        "  carried  11  15.9 %  1.1/s  2xx and 3xx",
        "  refused  58  84.1 %         429",
        "  busiest second of shop/prod: 7 arrived, 1 carried, at 1 s",
    ]


def test_a_refusal_names_its_limit_and_the_line_it_is_written_on(command) -> None:
    assert section(command("run", "tiny.yaml").stdout, "REFUSED") == [
        "  58 requests for GET /a were refused by the method limit 1/s, burst 2 (tiny.yaml:14); the first at 510 ms",
        "  AWS calls its throttles targets: it may let more through (assumptions.throttling)",
    ]


def test_an_alarm_that_rang_is_listed_with_its_reason_and_the_others_are_counted(command) -> None:
    # 29 of 30 attempts of the last full 5 s are refused, and the alarm sees each minute a minute after it is over
    over = ("--set", "run.duration=4 min", "--set", "alarms.recommended=[shop/prod, f]", "--engine", "simpy",
            "--set",
            "alarms.refused={metric: shop/prod 4XXError, statistic: Sum, threshold: '> 300', datapoints: 2}")  # fmt: skip
    lines = section(command("run", "tiny.yaml", *over).stdout, "ALARMS")
    assert lines[0].split()[:5] == ["ALARM", "at", "3", "min", "refused"]
    assert "2 of the last 2 datapoints > 300 (newest first: " in lines[0]
    assert lines[1:] == ["  6 alarms did not ring"]


def test_a_first_refusal_in_the_warm_up_is_said_to_be_there(command) -> None:
    done = command("run", "tiny.yaml", "--set", "run.warm_up=5 s")
    assert section(done.stdout, "REFUSED")[0].endswith("; the first at 510 ms, in the warm-up")


def test_latency_stands_as_cloudwatch_has_it_as_carried_and_as_callers_saw_it(command) -> None:
    # A refusal takes 10 ms, a warm request 10 + 4 + 100 ms, the two cold ones 200 ms more. A call that is refused
    # twice lasts 20 + 10 ms, 100 ms of back-off, and 20 + 10 ms.
    rows = [line.split() for line in section(command("run", "tiny.yaml").stdout, "LATENCY")]
    assert rows[0] == ["mean", "p50", "p90", "p99", "max"]
    assert rows[1][2:7] == ["32.4", "10.0", "114.0", "314.0", "314.0"]
    assert rows[2][3:] == ["150.4", "114.0", "314.0", "314.0", "314.0"]
    assert rows[4][2:7] == ["162.8", "160.0", "160.0", "334.0", "334.0"]
    mean = (58 * 10 + 9 * 114 + 2 * 314) / 69
    assert (
        f"its mean is {mean:.1f} ms, that of 2xx alone {(9 * 114 + 2 * 314) / 11:.1f} ms"
        in command("run", "tiny.yaml").stdout
    )


def test_the_limit_to_look_at_first_comes_with_its_setting_and_the_one_behind_it(command) -> None:
    assert section(command("run", "tiny.yaml", "--seed", 5).stdout, "LOOK FIRST AT") == [
        "  shop/prod GET /a throttle, 1/s, burst 2: the first to refuse, at 510 ms",
        '    set     apis.shop.stages.prod.method_settings["GET /a"].throttle.rate',
        "    at      tiny.yaml:14",
        "    behind  account throttle, 10000/s, burst 5000, binds next when this one is raised (AWS's default)",
        "    follow  apigw-sim explain tiny.yaml --seed 5 --first THROTTLED",
    ]


def test_where_nothing_is_refused_the_limit_that_came_nearest_is_looked_at_first(command) -> None:
    setting = 'apis.shop.stages.prod.method_settings["GET /a"].throttle'
    done = command("run", "tiny.yaml", "--set", f"{setting}={{rate: 5/s, burst: 9}}")
    assert section(done.stdout, "REFUSED") == ["  nothing was refused by a limit"]
    # Four arrive in a second, 250 ms apart, and 1.25 tokens come between two of them.
    assert section(done.stdout, "LOOK FIRST AT")[0] == (
        "  shop/prod GET /a throttle, 5/s, burst 9: nothing was refused; this came nearest: 4 reached it in its"
        " busiest second, its bucket fell to 8 of 9 tokens"
    )
    assert "CAVEATS" not in done.stdout


def test_who_refused_most_is_named_first_and_who_refused_first_is_looked_at(command) -> None:
    done = command(
        "run", "tiny.yaml",
        "--set", "apis.shop.methods={GET /a: {integration: {lambda_proxy: f}}, POST /b: {integration: {mock: {}}}}",
        "--set", 'apis.shop.stages.prod.method_settings["POST /b"]={throttle: {rate: 0/s, burst: 0}}',
        "--set", "clients.poster={target: shop/prod, arrivals: {process: even, rate: 1/s}, calls: [{call: POST /b}]}",
    )  # fmt: skip
    refused = section(done.stdout, "REFUSED")
    assert refused[0].startswith(
        "  58 requests for GET /a were refused by the method limit 1/s, burst 2 (tiny.yaml:14)"
    )
    assert refused[1].startswith("  10 requests for POST /b were refused by the method limit 0/s, burst 0 (")
    assert section(done.stdout, "LOOK FIRST AT")[0] == (
        "  shop/prod POST /b throttle, 0/s, burst 0: the first to refuse, at 0 s"
    )


def test_several_stages_are_a_table_with_the_busiest_second_of_each(command) -> None:
    done = command(
        "run", "tiny.yaml", "--set", "apis.shop.stages.test={}",
        "--set", "clients.tester={target: shop/test, arrivals: {process: even, rate: 2/s}, calls: [{call: GET /a}]}",
    )  # fmt: skip
    rows = [line.split() for line in section(done.stdout, "  stage  ")]
    # Of shop/test's 20 the first is cold, 314 ms, the others take 114 ms: p99 lies at rank 18.81 of 0 to 19.
    assert rows == [
        ["shop/prod", "69", "84.1", "%", "0.0", "%", "314.0", "7", "1", "1", "s"],
        ["shop/test", "20", "0.0", "%", "0.0", "%", "276.0", "2", "2", "0", "s"],
    ]
    assert "58 requests for GET /a of shop/prod were refused" in done.stdout


def test_what_lambda_refuses_is_said_to_be_a_500(command) -> None:
    setting = 'apis.shop.stages.prod.method_settings["GET /a"].throttle'
    done = command(
        "run", "tiny.yaml", "--set", f"{setting}={{rate: 50/s, burst: 90}}", "--set", "functions.f.duration=1 s",
        "--set", "functions.f.reserved_concurrency=1", "--set", "functions.f.timeout=5 s",
    )  # fmt: skip
    # Every 250 ms from 19 ms on one reaches Lambda. The first runs for 1.2 s, so four are refused; the next begins at
    # 1269 ms and ends at 2269 ms, when the fourth after it comes and is in time: 10 of 40 run.
    refused = section(done.stdout, "REFUSED")
    assert refused[0].startswith(
        "  30 invocations of f were refused by its reserved concurrency 1 (set by an override)"
    )
    assert refused[1] == "  what Lambda refuses is a 5xx to the caller who waits for it, not a 429"
    assert section(done.stdout, "REQUESTS")[2].split() == ["5xx", "30", "75.0", "%", "LAMBDA_THROTTLED", "30"]


def test_an_override_is_said_in_the_header(command) -> None:
    done = command("run", "tiny.yaml", "--set", "account.lambda_concurrency=500")
    assert done.stdout.splitlines()[:3] == [
        "tiny, seed 1  engine simpy",
        "  10 s from 2026-01-01 00:00:00+00:00 in us-east-1",
        "  with account.lambda_concurrency: (not written) -> 500",
    ]


def test_without_out_nothing_is_written(command, folder: Path) -> None:
    assert command("run", "tiny.yaml").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["tiny.yaml"]


def test_the_folder_holds_the_files_and_says_which(command, folder: Path) -> None:
    done = command("run", "tiny.yaml", "--out", "out/deep")
    assert done.exit_code == 0
    assert sorted(path.name for path in (folder / "out/deep").iterdir()) == FILES
    assert done.stdout.endswith(f"Written to out/deep: {', '.join(FILES)}\n")


def test_the_same_seed_prints_and_writes_the_same_bytes(command, folder: Path) -> None:
    first, second = (command("run", "tiny.yaml", "--seed", 3, "--out", name) for name in ("one", "two"))
    assert first.stdout.startswith("tiny, seed 3  ")
    assert first.stdout.replace("Written to one", "Written to two") == second.stdout
    for name in FILES:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes()


def test_requests_are_rows_in_a_file_of_the_folder(command, folder: Path) -> None:
    assert command("run", "tiny.yaml", "--out", "out", "--requests").exit_code == 0
    import pyarrow.parquet as pq

    assert pq.read_table(folder / "out/requests.parquet").num_rows == 69


def test_rows_without_a_folder_would_go_nowhere(command) -> None:
    done = command("run", "tiny.yaml", "--requests")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--requests needs --out DIR" in done.stderr


@pytest.mark.parametrize(
    ("expected", "status", "verdict"),
    [
        ("shop/prod avg(4XXError) > 80 %", 0, "  met  shop/prod avg(4XXError) > 80 %  84.1 %"),
        ("shop/prod max(Latency) < 300 ms", 1, "  NOT MET  shop/prod max(Latency) < 300 ms  314.0 ms"),
        ("shop/prod sum(CacheHitCount) of GET /a >= 1", 1, "  NOT MET  shop/prod sum(CacheHitCount) of GET /a >= 1  0"),
        ("client web sum(attempts) <= 69", 0, "  met  client web sum(attempts) <= 69  69"),
    ],
)  # fmt: skip
def test_an_expectation_is_printed_with_what_was_found(command, folder, expected, status, verdict) -> None:
    done = command("run", "tiny.yaml", "--set", f"expect=['{expected}']", "--out", "out")
    assert done.exit_code == status
    assert section(done.stdout, "EXPECTED") == [verdict]
    # An unmet expectation still writes everything.
    summary = json.loads((folder / "out/summary.json").read_text(encoding="utf-8"))
    assert summary["expectations"][0]["met"] is (status == 0)


def test_an_expectation_that_saw_nothing_is_not_met(command) -> None:
    done = command("run", "tiny.yaml", "--set", "clients.web.arrivals.rate=0/s",
                   "--set", "expect=['shop/prod p99(Latency) < 300 ms']")  # fmt: skip
    assert done.exit_code == 1
    assert section(done.stdout, "EXPECTED") == ["  NO SAMPLE  shop/prod p99(Latency) < 300 ms"]
    assert section(done.stdout, "REQUESTS") == ["  no request arrived"]


COUNTS = "timestamp,value\n2026-01-01T00:00:00Z,60\n2026-01-01T00:01:00Z,120\n2026-01-01T00:03:00Z,30\n"
TRACED = (
    "--set", "clients.web.arrivals={trace: {cloudwatch: counts.csv, scale: 2}}", "--set", "run.duration=3 min",
    "--set", 'apis.shop.stages.prod.method_settings["GET /a"].throttle={rate: 8/s, burst: 20}',
    "--set", "clients.web.retry.attempts=1",
)  # fmt: skip


def test_every_request_of_a_trace_is_accounted_for(command, folder: Path) -> None:
    (folder / "counts.csv").write_text(COUNTS, encoding="utf-8")
    told = section(command("run", "tiny.yaml", *TRACED).stdout, "TRACES")
    assert told[:2] == [
        "  web: counts.csv: 3 rows, 210 requests times 2: 360 placed in the run, 60 outside of it",
        "    1 period of 1 min missing: none placed",
    ]
    assert told[2].startswith("    the trace says how many requests came in 1 min (at most 240), not when;")


def test_bursts_are_a_table_by_peak_to_mean(command, folder: Path) -> None:
    (folder / "counts.csv").write_text(COUNTS, encoding="utf-8")
    done = command("run", "tiny.yaml", *TRACED, "--bursts")
    rows = [line.split() for line in section(done.stdout, "BURSTS")[1:5]]
    assert [row[0] for row in rows] == ["1", "2", "4", "8"]
    refused = [int(row[1]) for row in rows]
    assert refused == sorted(refused)
    assert refused[0] == 0
    # At 8 each minute comes within 7.5 s: its 120 or 240 requests meet 20 tokens, and 60 that come meanwhile.
    assert 200 <= refused[3] <= 205
    assert [int(row[-1]) for row in rows][3] > 32


@pytest.mark.parametrize("overrides", [(), ("--set", "clients.web.arrivals={trace: {instants: at.csv}}")])
def test_bursts_of_nothing_are_refused(command, folder: Path, overrides) -> None:
    (folder / "at.csv").write_text(
        "timestamp\n2026-01-01T00:00:00.5Z\n2026-01-01T00:00:01Z\n", encoding="utf-8"
    )
    done = command("run", "tiny.yaml", *overrides, "--bursts", "--out", "out")
    assert done.exit_code == 2
    assert "tiny.yaml: --bursts is for clients that follow a trace of counts" in done.stderr
    assert "1 problem" in done.stderr


def test_bursts_without_a_trace_are_refused_before_the_run(command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apigw_sim.result.run", lambda *_, **__: pytest.fail("it was run"))
    assert command("run", "tiny.yaml", "--bursts").exit_code == 2


LOGGED = ("--set", "apis.shop.stages.prod.access_log.format=$context.status $context.requestId")


def test_logs_are_written_beside_the_rest_and_nowhere_else(command, folder: Path) -> None:
    done = command("run", "tiny.yaml", *LOGGED, "--out", "out", "--logs")
    assert done.exit_code == 0
    assert sorted(file.name for file in (folder / "out").iterdir()) == ["access.shop.prod.log", *FILES]
    statuses = [
        line.split()[0] for line in (folder / "out" / "access.shop.prod.log").read_text().splitlines()
    ]
    assert [statuses.count(status) for status in ("200", "429")] == [11, 58]


def test_logs_of_nothing_and_to_nowhere_are_refused(command) -> None:
    done = command("run", "tiny.yaml", "--out", "out", "--logs")
    assert done.exit_code == 2
    assert "--logs is for stages with an access_log or xray, and this scenario has none" in done.stderr
    done = command("run", "tiny.yaml", *LOGGED, "--logs")
    assert done.exit_code == 2
    assert "--logs needs --out DIR" in done.stderr
