"""`check`: errors, advice, distributions, assumptions, paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from apigw_sim.scenario import load, parse_override

METHOD = 'apis.shop.stages.prod.method_settings["GET /a"]'
ADVISED = ("--set", f"{METHOD}.throttle={{rate: 0/s, burst: 0}}")


def test_a_sound_scenario_without_advice(command) -> None:
    done = command("check", "tiny.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("tiny.yaml  no errors, no advice\n")
    assert "ADVICE" not in done.stdout


@pytest.mark.parametrize(("options", "status"), [((), 0), (("--strict",), 1)])
def test_advice_has_its_rule_place_remedy_and_source(command, options, status) -> None:
    done = command("check", "tiny.yaml", *ADVISED, *options)
    assert (done.exit_code, done.stderr) == (status, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    first = next(number for number, line in enumerate(lines) if line.startswith("THR001  "))
    assert lines[0].startswith("tiny.yaml  no errors, ")
    assert lines[first + 1].startswith(("at  ", "at\u00a0"))
    assert METHOD in lines[first + 1]
    assert lines[first + 2].startswith("do  ")
    assert lines[first + 3].startswith("see  https://docs.aws.amazon.com/apigateway/")


def test_advice_that_only_tells_is_none_for_strict(command) -> None:
    # ASSUME, on which every scenario leans, asks for nothing.
    assert command("check", "--strict", "tiny.yaml").exit_code == 0


def test_a_silenced_rule_is_named_and_gives_no_advice(command) -> None:
    loud, silent = (
        command("check", "--strict", "tiny.yaml", *ADVISED, *more)
        for more in ((), ("--set", "advice.ignore=[THR001, THR003]"))
    )
    assert (loud.exit_code, silent.exit_code) == (1, 0)
    assert silent.stdout.startswith("tiny.yaml  no errors, no advice, THR001, THR003 silenced\n")


def test_distributions_come_with_their_mean_and_tail(command) -> None:
    done = command("check", "tiny.yaml", "--set", "functions.f.duration={exponential: {mean: 100 ms}}",
                   "--set", "clients.web.calls=[{call: GET /a, body: {p50: 2 KB, p99: 40 KB}}]")  # fmt: skip
    rows = [
        line.split("  ")
        for line in done.stdout.splitlines()
        if line.startswith(("  functions.f.d", "  clients.web.c"))
    ]
    found = {row[1]: [cell.strip() for cell in row[2:] if cell.strip()] for row in rows}
    assert "idle_lifetime" not in done.stdout, "nobody wrote one"
    # -ln(0.001) = 6.908; exp((ln 20 / 2.3263)^2 / 2) = 2.29 and 20 ** (3.0902 / 2.3263) = 53.5 times the median.
    assert found == {
        "functions.f.duration": ["100.0 ms", "690.8 ms", "exponential, mean 100 ms"],
        "clients.web.calls[0].body": ["4.6 KB", "107.0 KB", "p50 2 KB, p99 40 KB"],
    }


def test_assumptions_are_explained_and_changes_are_marked(command) -> None:
    lines = command("check", "tiny.yaml").stdout.splitlines()
    said = "whether a request refused at one level spends tokens at the levels before it"
    assert f"  token_accounting           all_or_none: {said}" in lines
    assert (
        "  rest_overhead              10 ms: what a REST API adds to a request (default: {p50: 8 ms, p99: 30 ms})"
        in lines
    )
    assert not any("quota_week_starts" in line for line in lines), "the scenario has no quota"


def test_errors_stand_one_a_line_and_are_counted(command, folder: Path) -> None:
    (folder / "bad.yaml").write_text(
        (folder / "tiny.yaml")
        .read_text(encoding="utf-8")
        .replace("burst: 2", "brust: 2")
        .replace("10 s", "10"),
        encoding="utf-8",
    )
    done = command("check", "bad.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("bad.yaml:2:17 run.duration: 10 has no unit")
    assert any(line.startswith("bad.yaml:14:") and "did you mean 'burst'?" in line for line in lines)
    assert lines[-1] == f"{len(lines) - 1} problems"


def test_several_scenarios_are_all_checked(command, folder: Path) -> None:
    (folder / "bad.yaml").write_text("name: bad\n", encoding="utf-8")
    done = command("check", "bad.yaml", "tiny.yaml", "nowhere.yaml")
    assert done.exit_code == 2
    assert "tiny.yaml  no errors, no advice" in done.stdout
    assert "nowhere.yaml: there is no such file" in done.stderr
    assert done.stderr.count("problem") == 2


def test_paths_can_be_given_to_set_as_they_stand(command, folder: Path) -> None:
    lines = command("check", "tiny.yaml", "--paths").stdout.splitlines()
    assert f"{METHOD}.throttle.rate=1/s" in lines
    assert "functions.f.reserved_concurrency  (not set)" in lines
    texts = [line for line in lines if not line.endswith("(not set)")]
    pairs = [parse_override(text) for text in texts]
    again = load(folder / "tiny.yaml", overrides=pairs)
    assert again.sha256() == load(folder / "tiny.yaml").sha256()


def test_paths_of_several_scenarios_are_told_apart(command, folder: Path) -> None:
    (folder / "other.yaml").write_text("extends: tiny.yaml\nname: other\n", encoding="utf-8")
    lines = command("check", "--paths", "tiny.yaml", "other.yaml").stdout.splitlines()
    assert [line for line in lines if line.startswith(("#", "name="))] == [
        "# tiny.yaml",
        "name=tiny",
        "# other.yaml",
        "name=other",
    ]
