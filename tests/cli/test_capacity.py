"""What `capacity` prints, writes and says of its error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TINY = ("--set", "expect=['shop/prod sum(4XXError) == 0']", "--set", "clients.web.retry.attempts=1")
SETTING = 'apis.shop.stages.prod.method_settings["GET /a"].throttle.rate'


def test_the_answer_stands_first_with_its_error_and_every_value_is_shown(command, folder: Path) -> None:
    """Four a second, every 250 ms, at 1/s burst 2. 2 + t tokens by t; call k comes at k / (4 x): all 40 x calls of 10 s
    pass only while 4 x - 1 tokens a second lacking take no more than the first two: x is just above 0.27."""
    done = command(
        "capacity", "tiny.yaml", *TINY, "--from", "0.2", "--to", "4", "--growth", "10 %", "--out", "out"
    )
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "CAPACITY of tiny  all arrivals times, from 0.2 to 4"
    said = json.loads((folder / "out/summary.json").read_text(encoding="utf-8"))
    meets, fails = (float(said[end].split()[0]) for end in ("meets", "fails"))
    assert 0.25 <= meets < fails <= meets * 1.0201 < 0.31
    assert lines[1] == f"  {said['meets']} meets, {said['fails']} does not"
    assert "wrong with a probability of 5.0 % at most, if more load is never better" in done.stdout
    shown = [line.split()[0] for line in lines[lines.index("TRIED") + 2 :][: len(said["points"])]]
    assert shown == [row["value"].split()[0] for row in said["points"]]
    assert "  shop/prod GET /a throttle, 1/s, burst 2: refuses" in done.stdout
    assert f"    set     {SETTING}" in done.stdout
    assert "RUNWAY  at a growth of 10.0 % a month" in done.stdout
    assert "the expectations fail already" in done.stdout
    assert lines[-1] == "Kept in out: study.json, runs, results.parquet, summary.json, capacity.svg"
    assert {file.name for file in (folder / "out").iterdir()} == set(lines[-1].partition(": ")[2].split(", "))


def test_the_cheapest_setting_is_found(command) -> None:
    done = command("capacity", "tiny.yaml", *TINY, "--vary", SETTING, "--values", "1/s,2/s,3/s,4/s,8/s")
    assert done.stdout.splitlines()[1] == "  4/s meets, 3/s does not"


@pytest.mark.parametrize(("at_least", "status"), [("0.25", 0), ("2", 1)])
def test_a_pipeline_fails_where_too_little_is_proved(command, at_least: str, status: int) -> None:
    done = command("capacity", "tiny.yaml", *TINY, "--from", "0.2", "--at-least", at_least)
    assert done.exit_code == status
    assert ("is not proved to meet" in done.stderr) == bool(status)


def test_a_budget_that_ends_too_early_is_said(command) -> None:
    done = command("capacity", "tiny.yaml", *TINY, "--budget", "12")
    assert "the budget of 12 runs ended before it was settled" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--vary", "account.throttle.rate"), "write --from and --to, or --values"),
        (("--resolution", "wide"), "'wide' is no share; write one such as 5 %"),
        (("--to", "3", "--at-least", "4"), "--at-least 4 lies beyond --to 3"),
        (("--from", "2", "--to", "1"), "write the lower end first"),
        (("--set", "expect=[]"), "expects nothing"),
    ],
)
def test_what_cannot_be_searched_is_said(command, arguments: tuple[str, ...], problem: str) -> None:
    done = command("capacity", "tiny.yaml", *TINY, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr


SECOND = "account.throttle.rate"


def test_the_cheapest_combination_of_two_settings_is_found(command, folder: Path) -> None:
    """All 40 calls pass a bucket of 2 tokens at 4/s, and at 3.8/s, not at 3/s; the account's burst is taken as it is."""
    done = command(
        "optimize", "tiny.yaml", *TINY, "--vary", f"{SETTING}=1/s,2/s,3/s,4/s,8/s", "--vary", f"{SECOND}=4/s,5/s,6/s",
        "--price", f"{SETTING}=2.5", "--out", "out", "--set", "account.throttle.burst=1",
    )  # fmt: skip
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["CHEAPEST COMBINATION for tiny  of 2 settings", "  4/s, 4/s meets, for 14"]
    assert "that it meets is wrong with a probability of 5.0 % at most" in done.stdout
    assert "the least that was asked about" in done.stdout
    names = lines[-1].partition(": ")[2].split(", ")
    assert {file.name for file in (folder / "out").iterdir()} == set(names)
    assert json.loads((folder / "out/summary.json").read_text(encoding="utf-8"))["cost"] == 14


def test_where_no_combination_is_enough_the_status_is_1(command) -> None:
    done = command(
        "optimize", "tiny.yaml", *TINY, "--vary", f"{SETTING}=1/s,2/s", "--vary", f"{SECOND}=1/s,2/s"
    )
    assert done.exit_code == 1
    assert "nothing that was tried leans to meet" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--vary", f"{SETTING}=1/s,2/s"), "for two settings or more"),
        (("--vary", f"{SETTING}=1/s,2/s", "--vary", f"{SETTING}=3/s,4/s"), "--vary names a path twice"),
        (("--vary", f"{SETTING}=1/s,2/s", "--vary", f"{SECOND}=1/s,2/s", "--price", "x=dear"), "'x=dear' is no price"),
        (("--vary", f"{SETTING}=1/s,2/s", "--vary", "account.throttle.rat=1/s,2/s"), "account.throttle.rate"),
    ],
)  # fmt: skip
def test_what_cannot_be_optimized_is_said(command, arguments: tuple[str, ...], problem: str) -> None:
    done = command("optimize", "tiny.yaml", *TINY, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr
