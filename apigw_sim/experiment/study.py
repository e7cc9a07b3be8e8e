"""A study that lies in a folder: opened later, finished or not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apigw_sim.experiment.cells import Cells
from apigw_sim.experiment.estimates import CONFIDENCE
from apigw_sim.experiment.folder import RECORDS, Key, StudyFolder, read_design
from apigw_sim.experiment.frames import StudyError, row, runs_frame
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.statistics import statistics

if TYPE_CHECKING:
    import pandas as pd

    from apigw_sim.experiment.trials import Trial


class Study:
    """What was finished of a study: its design, its runs, and what they say."""

    def __init__(self, folder: StudyFolder[Any]) -> None:
        self._folder = folder
        self.design: dict[str, Any] = folder.design
        """What study.json holds: scenario, seed, points, versions."""
        self.keys: list[Key] = list(folder.keys())
        """The runs that are there: (point, replication)."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Study:
        """Open the folder of `replicate`, `compare`, `sweep` or `capacity`."""
        from apigw_sim.experiment.trials import TRIALS

        searched = read_design(Path(path)).get("kind") == "capacity"
        return cls(StudyFolder.open(Path(path), TRIALS if searched else RECORDS))

    def __repr__(self) -> str:
        return f"<{self.design['kind']} of {self.design['scenario']}: {len(self.keys)} runs>"

    @property
    def points(self) -> list[dict[str, str]]:
        """What was set at each point."""
        found: list[dict[str, str]] = self.design["points"]
        return found

    def trials(self, point: int) -> list[Trial]:
        """Of a capacity search: the runs at a value, in the order of their replications."""
        if self.design["kind"] != "capacity":
            raise StudyError(f"the folder of a {self.design['kind']} has records, no trials")
        return self._of(point)

    def records(self, point: int = 0) -> list[Record]:
        """The runs of a point, in the order of their replications."""
        if self.design["kind"] == "capacity":
            raise StudyError(
                "a capacity search keeps no records: its runs are trials, its answer is in summary.json"
            )
        return self._of(point)

    def _of(self, point: int) -> list[Any]:
        found = (self._folder.read(key) for key in self.keys if key.point == point)
        return [one for one in found if one is not None]

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run: the point, the replication, its own figures."""
        import pandas as pd

        frames = []
        for number, point in enumerate(self.points):
            found = self._of(number)
            if found:
                if self.design["kind"] == "capacity":
                    frame = trials_frame(found)
                else:
                    frame = runs_frame(found, statistics(found))
                place = pd.DataFrame([{"point": number} | point] * len(frame))
                frames.append(pd.concat([place, frame], axis=1))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def intervals(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """A row for each point and figure: the estimate and its interval from the runs that are there."""
        import pandas as pd

        rows = []
        for number, point in enumerate(self.points):
            records = self.records(number)
            pools: dict[str, Cells] = {}
            for one in statistics(records).values():
                rows.append({"point": number} | point | row(one, one.estimate(records, confidence, pools)))
        return pd.DataFrame(rows)


def trials_frame(trials: Sequence[Trial]) -> pd.DataFrame:
    """A row for each run of a search: whether it met everything, and the value of each expectation."""
    import pandas as pd

    return pd.DataFrame([
        {"replication": one.replication, "met": one.outcome.met, "requests": one.requests}
        | {row["text"]: row["value"] for row in one.expectations}
        for one in trials
    ])  # fmt: skip
