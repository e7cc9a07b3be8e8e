"""`replicate`, `compare` and `sweep`: what they print and write, and their exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RANDOM = ("--set", "clients.web.arrivals={process: poisson, rate: 4/s}")


def row(text: str, name: str) -> str:
    """The line of a table that begins so."""
    return next(line for line in text.splitlines() if line.strip().startswith(name))


def test_replicate_shows_estimates_with_intervals_and_what_they_estimate(command) -> None:
    done = command("replicate", "tiny.yaml", "--runs", 5, "--workers", 1, *RANDOM)
    assert (done.exit_code, done.stderr) == (0, "")
    first = done.stdout.splitlines()[0]
    assert first == "tiny, seed 1  5 independent runs, 95 % intervals, terminating"
    assert "±" in row(done.stdout, "requests.refused")
    assert "at most" in row(done.stdout, "requests.5XXError")
    assert "WHAT IS ESTIMATED" in done.stdout
    assert not Path("out").exists()


def test_the_process_is_not_random_and_neither_are_its_runs(command) -> None:
    """Even arrivals and constant durations: every run is the same, 58 of 69 refused; no spread, no width."""
    done = command("replicate", "tiny.yaml", "--runs", 3, "--workers", 1, "--metric", "requests.refused")
    assert "84.06 %" in row(done.stdout, "requests.refused")


def test_a_precision_that_is_not_reached_gives_status_1_and_says_how_many_runs_it_takes(command) -> None:
    done = command(
        "replicate", "tiny.yaml", "--precision", "requests.offered_per_s 0.5 %", "--most", 6, "--workers", 1,
        *RANDOM,
    )  # fmt: skip
    assert done.exit_code == 1
    assert "not reached within 6 runs  requests.offered_per_s 0.5 %; it takes about " in done.stdout
    done = command(
        "replicate", "tiny.yaml", "--precision", "requests.offered_per_s 50 %", "--workers", 1, *RANDOM
    )
    assert done.exit_code == 0
    assert "reached  requests.offered_per_s 50 %, from 5 runs on" in done.stdout


def test_the_exit_status_goes_by_all_runs_together(command) -> None:
    """Bernoulli's share of 69 calls that are refused is 84.06 % in every run of the even stream; of a Poisson stream it
    differs from run to run, and a bound in the middle of the runs is undecided: some runs miss it, and it is no failure."""
    several = ("replicate", "tiny.yaml", "--workers", 1)
    done = command(*several, "--runs", 2, "--set", 'expect=["shop/prod avg(4XXError) < 1 %"]')
    assert done.exit_code == 1
    assert "not met  shop/prod avg(4XXError) < 1 %" in done.stdout
    assert "met in 0 of 2 runs" in done.stdout
    middle = 'expect=["shop/prod sum(Count) < 69"]'
    done = command(*several, "--runs", 8, *RANDOM, "--set", middle)
    assert done.exit_code == 0
    assert "undecided  shop/prod sum(Count) < 69" in done.stdout
    done = command(*several, "--runs", 2, "--set", 'expect=["shop/prod avg(4XXError) > 1 %"]')
    assert done.exit_code == 0
    assert "met  shop/prod avg(4XXError) > 1 %" in done.stdout


def test_out_keeps_the_study_and_goes_on_with_it(command, folder: Path) -> None:
    done = command("replicate", "tiny.yaml", "--runs", 3, "--out", "kept", "--workers", 1)
    assert done.exit_code == 0
    names = sorted(file.name for file in (folder / "kept").iterdir())
    assert names == ["convergence.svg", "results.parquet", "runs", "study.json"]
    assert json.loads((folder / "kept" / "study.json").read_text())["kind"] == "replicate"
    before = (folder / "kept" / "convergence.svg").read_bytes()
    assert command("replicate", "tiny.yaml", "--runs", 3, "--out", "kept", "--workers", 1).exit_code == 0
    assert (folder / "kept" / "convergence.svg").read_bytes() == before
    other = command("replicate", "tiny.yaml", "--runs", 3, "--out", "kept", "--seed", 9)
    assert (other.exit_code, other.stdout) == (2, "")
    assert "kept: holds a study with another seed: 1 then, 9 now" in other.stderr


def test_steady_runs_are_told_apart_and_batches_are_watched(command) -> None:
    done = command("replicate", "tiny.yaml", "--steady", "--batches", 5, *RANDOM)
    assert "5 batches of one run, 95 % intervals, steady" in done.stdout
    assert "BATCHES" in done.stdout
    assert command("replicate", "tiny.yaml", "--batches", 5).exit_code == 2


def test_compare_says_better_worse_or_not_known_yet(command, folder: Path) -> None:
    setting = 'apis.shop.stages.prod.method_settings["GET /a"].throttle.rate=2/s'
    done = command("compare", "tiny.yaml", "--versus", setting, "--runs", 4, "--out", "kept", *RANDOM)
    assert (done.exit_code, done.stderr) == (0, "")
    assert row(done.stdout, "requests.offered_per_s").split()[-1] in (
        "higher",
        "lower",
        "yet",
        "same",
        "runs",
    )
    assert row(done.stdout, "requests.carried_per_s").endswith("better")
    assert "comparisons together (verdicts by Holm, intervals by Bonferroni)" in done.stdout
    assert (folder / "kept" / "differences.svg").is_file()


def test_compare_takes_files_and_several_settings_as_one_alternative(command, folder: Path) -> None:
    (folder / "other.yaml").write_text("extends: tiny.yaml\nname: other\nrun: {duration: 20 s}\n")
    done = command("compare", "tiny.yaml", "other.yaml", "--runs", 2, "--metric", "requests.count")
    assert "other.yaml against baseline  2 pairs of runs, seed 1" in done.stdout
    assert row(done.stdout, "requests.count").endswith("higher")
    both = "run.duration=20 s & run.period=5 s"
    done = command("compare", "tiny.yaml", "--versus", both, "--runs", 2, "--metric", "requests.count")
    assert done.exit_code == 0
    assert command("compare", "tiny.yaml").exit_code == 2


def test_sweep_has_a_row_for_each_point(command, folder: Path) -> None:
    path = 'apis.shop.stages.prod.method_settings["GET /a"].throttle.rate'
    done = command(
        "sweep", "tiny.yaml", "--vary", f"{path}=1/s..3/s:3", "--runs", 2, "--metric", "requests.refused",
        "--out", "kept", *RANDOM,
    )  # fmt: skip
    assert (done.exit_code, done.stderr) == (0, "")
    shares = [float(row(done.stdout, rate).split()[1]) for rate in ("1/s", "2/s", "3/s")]
    assert shares[0] > shares[1] > shares[2]
    assert (folder / "kept" / "requests.refused.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replicate", "tiny.yaml", "--precision", "requests.refused"), "is no precision"),
        (("replicate", "tiny.yaml", "--precision", "nothing 2 %"), "no run has such a metric"),
        (("replicate", "tiny.yaml", "--runs", "2", "--metric", "requests.refusd"), "did you mean"),
        (("replicate", "tiny.yaml", "--warm-up", "soon"), "or scenario, mser-5 or none"),
        (("replicate", "tiny.yaml", "--confidence", "5"), "is no confidence"),
        (("replicate", "tiny.yaml", "--workers", "many"), "neither auto nor a number"),
        (("replicate", "nowhere.yaml"), "there is no such file"),
        (("sweep", "tiny.yaml", "--vary", "run.duration"), "varies nothing"),
        (("sweep", "tiny.yaml", "--vary", "run.duration=5 s, 5"), "5 has no unit"),
        (("sweep", "tiny.yaml", "--vary", "run.durtion=5 s"), "did you mean 'run.duration'?"),
        (("compare", "tiny.yaml", "--versus", "account.thrttle=1"), "unknown path"),
        (("replicate", "tiny.yaml", "--cluster", "tcp://127.0.0.1:1"), "no Dask scheduler answers"),
    ],
)
def test_wrong_input_is_told_in_words_with_status_2(command, arguments: tuple[str, ...], said: str) -> None:
    if "--cluster" in arguments:
        pytest.importorskip("distributed")
    done = command(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_was_finished_and_says_so(folder: Path, workers: int) -> None:
    command = [
        sys.executable, "-m", "apigw_sim", "replicate", "tiny.yaml", "--runs", "100000", "--out", "kept",
        "--workers", str(workers),
    ]  # fmt: skip
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    runs = folder / "kept" / "runs"
    while started.poll() is None and len(list(runs.glob("*.parquet")) if runs.exists() else []) < 3:
        pass
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130, said
    assert said.startswith("interrupted after ")
    assert said.endswith("runs; they are kept in kept: the same command goes on there\n")
    assert len(said.splitlines()) == 1
