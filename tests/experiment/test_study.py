"""A study in a folder: resumed after whatever ended it, without repeating or losing a run."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import apigw_sim as sim
from apigw_sim.experiment.folder import StudyFolderError
from apigw_sim.experiment.mapper import Here
from apigw_sim.experiment.runs import Job

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


class Counting(Here):
    """This process, which counts its runs and may stop as a user would."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.made: list[int] = []
        self._stop = stop_after

    def run(self, jobs):  # type: ignore[no-untyped-def]
        for number, record in super().run(self._seen(jobs)):
            yield number, record
            if self._stop is not None and len(self.made) >= self._stop:
                raise KeyboardInterrupt

    def _seen(self, jobs):  # type: ignore[no-untyped-def]
        for number, job in jobs:
            assert isinstance(job, Job)
            self.made.append(job.replication)
            yield number, job


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((folder / "runs").iterdir())}


def test_a_study_that_was_interrupted_goes_on_and_ends_as_if_it_had_not_been(
    loss: str, tmp_path: Path
) -> None:
    whole = sim.replicate(loss, runs=6, out=tmp_path / "whole")
    first, second = Counting(stop_after=2), Counting()
    with pytest.raises(KeyboardInterrupt):
        sim.replicate(loss, runs=6, out=tmp_path / "cut", using=first)
    half = sim.Study.open(tmp_path / "cut")
    assert len(half.keys) == 2
    done = sim.replicate(loss, runs=6, out=tmp_path / "cut", using=second)
    assert (first.made, second.made) == ([0, 1], [2, 3, 4, 5])
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert done.frame.equals(whole.frame)
    assert (tmp_path / "cut" / "results.parquet").read_bytes() == (
        tmp_path / "whole" / "results.parquet"
    ).read_bytes()


def test_a_finished_study_is_not_run_again_and_can_be_made_longer(loss: str, tmp_path: Path) -> None:
    sim.replicate(loss, runs=3, out=tmp_path / "s")
    again, longer = Counting(), Counting()
    sim.replicate(loss, runs=3, out=tmp_path / "s", using=again)
    sim.replicate(loss, runs=5, out=tmp_path / "s", using=longer)
    assert (again.made, longer.made) == ([], [3, 4])


def test_a_precision_is_reached_after_the_same_runs_when_it_is_resumed(loss: str, tmp_path: Path) -> None:
    wanted = {"precision": "requests.offered_per_s 10 %", "most": 50}
    whole = sim.replicate(loss, **wanted)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        sim.replicate(loss, **wanted, out=tmp_path / "s", using=Counting(stop_after=4))  # type: ignore[arg-type]
    counting = Counting()
    done = sim.replicate(loss, **wanted, out=tmp_path / "s", using=counting)  # type: ignore[arg-type]
    assert len(done.records) == len(whole.records) == 4 + len(counting.made)
    assert done.reached


@pytest.mark.parametrize("damage", [b"", b"PAR1 half a file", None])
def test_a_file_that_is_not_whole_is_made_again(loss: str, tmp_path: Path, damage: bytes | None) -> None:
    sim.replicate(loss, runs=3, out=tmp_path / "s")
    before = contents(tmp_path / "s")
    file = tmp_path / "s" / "runs" / "p00000-r000001.parquet"
    file.write_bytes(before[file.name][:-30] if damage is None else damage)
    (tmp_path / "s" / "runs" / "p00000-r000002.parquet.77.part").write_bytes(b"left behind")
    counting = Counting()
    sim.replicate(loss, runs=3, out=tmp_path / "s", using=counting)
    assert counting.made == [1]
    assert contents(tmp_path / "s") == before


def test_another_study_is_not_mixed_in(loss: str, tmp_path: Path) -> None:
    sim.replicate(loss, runs=2, out=tmp_path / "s")
    with pytest.raises(StudyFolderError, match="another seed: 3 then, 4 now"):
        sim.replicate(loss, runs=2, seed=4, out=tmp_path / "s")
    with pytest.raises(StudyFolderError, match="another scenario_sha256"):
        sim.replicate(loss, runs=2, overrides={"run.duration": "20 s"}, out=tmp_path / "s")
    with pytest.raises(StudyFolderError, match="another kind"):
        sim.compare(loss, {"a": {"run.period": "1 s"}}, runs=2, out=tmp_path / "s")
    design = json.loads((tmp_path / "s" / "study.json").read_text())
    design["versions"]["numpy"] = "1.0"
    (tmp_path / "s" / "study.json").write_text(json.dumps(design))
    with pytest.raises(StudyFolderError, match="another versions"):
        sim.replicate(loss, runs=2, out=tmp_path / "s")


def test_a_folder_of_other_things_is_left_alone(loss: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(StudyFolderError, match="holds other files"):
        sim.replicate(loss, runs=2, out=tmp_path / "mine")
    with pytest.raises(StudyFolderError, match=r"holds no study\.json"):
        sim.Study.open(tmp_path / "nothing")
    (tmp_path / "mine" / "study.json").write_text("{")
    with pytest.raises(StudyFolderError, match="is no study"):
        sim.Study.open(tmp_path / "mine")


def test_a_study_is_opened_with_its_design_runs_and_intervals(loss: str, tmp_path: Path) -> None:
    done = sim.sweep(loss, {"functions.f.reserved_concurrency": [1, 2]}, runs=2, out=tmp_path / "s")
    study = sim.Study.open(tmp_path / "s")
    assert repr(study) == "<sweep of loss: 4 runs>"
    assert study.design["seed"] == 3
    assert study.design["resolved"]["functions"]["f"]["reserved_concurrency"] == 2
    assert study.points == [
        {"functions.f.reserved_concurrency": "1"},
        {"functions.f.reserved_concurrency": "2"},
    ]
    assert len(study.runs) == 4
    mine, theirs = study.intervals(), done.frame
    assert mine[["metric", "value", "low", "high"]].equals(theirs[["metric", "value", "low", "high"]])


SCRIPT = """
import sys, apigw_sim as sim
if __name__ == "__main__":
    def told(n): print(n, flush=True)
    sim.replicate(sys.argv[1], runs=200, out=sys.argv[2], workers=int(sys.argv[3]), progress=told)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_loses_no_run_that_was_finished(loss: str, tmp_path: Path, workers: int) -> None:
    script = tmp_path / "study.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), loss, str(tmp_path / "s"), str(workers)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert started.stdout is not None
    for line in started.stdout:
        if int(line) >= 3:
            break
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    started.stdout.close()
    time.sleep(0.2)
    there = contents(tmp_path / "s")
    kept = len([name for name in there if name.endswith(".parquet")])
    assert 3 <= kept < 200
    counting = Counting()
    sim.replicate(loss, runs=kept + 2, out=tmp_path / "s", using=counting)
    assert len(counting.made) <= 2 + workers * 2
    whole = sim.replicate(loss, runs=kept + 2)
    assert (
        sim.Study.open(tmp_path / "s").intervals()["value"].tolist()[:5] == whole.frame["value"].tolist()[:5]
    )


FULL = """
import sys, resource, apigw_sim as sim
from apigw_sim.errors import ApigwSimError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    sim.replicate(sys.argv[1], runs=4, out=sys.argv[2])
except ApigwSimError as error:
    print(error); sys.exit(error.exit_status)
"""


def test_a_full_disk_is_told_and_leaves_nothing_half_written(loss: str, tmp_path: Path) -> None:
    """A file may not grow beyond half of what a run takes; study.json is there already, with one run."""
    assert hasattr(resource, "RLIMIT_FSIZE")
    folder = tmp_path / "s"
    sim.replicate(loss, runs=1, out=folder)
    before = contents(folder)
    (run,) = before.values()
    done = subprocess.run(
        [sys.executable, "-c", FULL, loss, str(folder), str(len(run) // 2)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "")
    assert "cannot be written" in done.stdout
    assert "what was finished is kept" in done.stdout
    assert contents(folder) == before
    counting = Counting()
    sim.replicate(loss, runs=4, out=tmp_path / "s", using=counting)
    assert counting.made == [1, 2, 3]
