"""A Dask scheduler and workers in processes of their own: the same bytes, whatever dies in mid-sweep."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import apigw_sim as sim
from apigw_sim.experiment.mapper import Cluster, ClusterError, LostRunError

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
    pytest.mark.filterwarnings("default"),
]
AXES = {"functions.f.reserved_concurrency": [1, 2, 3, 4]}
SLOWER = {"run.duration": "4 min", "clients.c.arrivals.rate": "40/s"}
"""A run of some tenths of a second, so that there is a middle to be killed in."""


class Machines:
    """A scheduler and its workers, each the leader of a group of processes."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")
        deadline = time.monotonic() + 60
        while not self._file.exists():
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.1)
        self.address: str = json.loads(self._file.read_text())["address"]
        self.workers = [self.add_worker() for _ in range(workers)]

    def add_worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--nthreads", "1", "--no-dashboard", "--no-nanny")

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self._file), *options]
        with (self._folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                cwd=self._folder,
            )  # fmt: skip

    def end(self) -> None:
        for one in (*self.workers, self.scheduler):
            kill(one)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """A scheduler with two workers."""
    pytest.importorskip("distributed")
    found = Machines(tmp_path, 2)
    yield found
    found.end()


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted((folder / "runs").iterdir())
    return {file.name: file.read_bytes() for file in files} | {
        "results": (folder / "results.parquet").read_bytes()
    }


def test_a_cluster_processes_and_this_one_write_the_same_bytes(
    loss: str, tmp_path: Path, machines: Machines
) -> None:
    sim.sweep(loss, AXES, runs=3, out=tmp_path / "here")
    sim.sweep(loss, AXES, runs=3, out=tmp_path / "two", workers=2)
    sim.sweep(loss, AXES, runs=3, out=tmp_path / "cluster", cluster=machines.address)
    here = contents(tmp_path / "here")
    assert len(here) == 13
    assert contents(tmp_path / "two") == here
    assert contents(tmp_path / "cluster") == here


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_in_mid_sweep_costs_time_and_nothing_else(
    loss: str, tmp_path: Path, machines: Machines, workers: int
) -> None:
    """With one worker, the plans that it held are lost with it, each time; with two, now and then."""
    for one in machines.workers[workers:]:
        kill(one)
    told: list[int] = []

    def killing(count: int) -> None:
        told.append(count)
        if count == 2:
            kill(machines.workers[0])
            machines.workers.append(machines.add_worker())

    axes = {"functions.f.reserved_concurrency": [1, 2]}
    sim.sweep(
        loss, axes, runs=6, overrides=SLOWER, out=tmp_path / "s", cluster=machines.address, progress=killing
    )
    assert told == list(range(1, 13))
    sim.sweep(loss, axes, runs=6, overrides=SLOWER, out=tmp_path / "here")
    assert contents(tmp_path / "s") == contents(tmp_path / "here")


def test_a_scheduler_that_goes_away_ends_the_study_and_another_goes_on(
    loss: str, tmp_path: Path, machines: Machines
) -> None:
    def killing(count: int) -> None:
        if count == 2:
            kill(machines.scheduler)

    with pytest.raises(LostRunError, match="the cluster went away"):
        sim.replicate(
            loss, runs=8, overrides=SLOWER, out=tmp_path / "s", cluster=machines.address, progress=killing
        )
    kept = len(sim.Study.open(tmp_path / "s").keys)
    assert 2 <= kept < 8
    told: list[int] = []
    sim.replicate(loss, runs=8, overrides=SLOWER, out=tmp_path / "s", workers=2, progress=told.append)
    assert told == list(range(1, 9))
    sim.replicate(loss, runs=8, overrides=SLOWER, out=tmp_path / "here", workers=2)
    assert contents(tmp_path / "s") == contents(tmp_path / "here")


def test_an_address_where_nobody_answers_is_told_in_words() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ClusterError, match="no Dask scheduler answers"):
        Cluster("tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match="write its address"):
        Cluster("nowhere://x")
