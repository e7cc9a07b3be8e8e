"""A study that lies in a folder: opened later, finished or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apigw_sim.experiment.estimates import CONFIDENCE
from apigw_sim.experiment.folder import Key, StudyFolder
from apigw_sim.experiment.frames import row, runs_frame
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.statistics import statistics

if TYPE_CHECKING:
    import pandas as pd


class Study:
    """What was finished of a study: its design, its runs, and what they say."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self.design: dict[str, Any] = folder.design
        """What study.json holds: scenario, seed, points, versions."""
        self.keys: list[Key] = list(folder.keys())
        """The runs that are there: (point, replication)."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Study:
        """Open the folder of `replicate`, `compare` or `sweep`."""
        return cls(StudyFolder.open(Path(path)))

    def __repr__(self) -> str:
        return f"<{self.design['kind']} of {self.design['scenario']}: {len(self.keys)} runs>"

    @property
    def points(self) -> list[dict[str, str]]:
        """What was set at each point."""
        found: list[dict[str, str]] = self.design["points"]
        return found

    def records(self, point: int = 0) -> list[Record]:
        """The runs of a point, in the order of their replications."""
        found = (self._folder.read(key) for key in self.keys if key.point == point)
        return [record for record in found if record is not None]

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run: the point, the replication, its own figures."""
        import pandas as pd

        frames = []
        for number, point in enumerate(self.points):
            records = self.records(number)
            if records:
                frame = runs_frame(records, statistics(records))
                place = pd.DataFrame([{"point": number} | point] * len(frame))
                frames.append(pd.concat([place, frame], axis=1))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def intervals(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """A row for each point and figure: the estimate and its interval from the runs that are there."""
        import pandas as pd

        rows = []
        for number, point in enumerate(self.points):
            records = self.records(number)
            for one in statistics(records).values():
                rows.append({"point": number} | point | row(one, one.estimate(records, confidence)))
        return pd.DataFrame(rows)
