"""Whole seconds: how many came to each of many places in each, kept only until a second is final."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.records import NULL
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ENOUGH = 1 << 17


class Seconds:
    """Counts by second of arrival and place, and each place's largest.

    Rows come when something ends, up to `longest` ns after it arrived; a second that lies further back is final.
    """

    def __init__(self, places: int, longest: int, pairs: Sequence[tuple[int, int]] = ()) -> None:
        """`pairs`: (place, other place) whose count in the first one's largest second is kept too."""
        self.peak = np.zeros(places, np.int64)
        self.peak_at = np.full(places, NULL, np.int64)
        """The first second with that many."""
        self._beside = {place: (other, 0) for place, other in pairs}
        self._places = places
        self._longest = longest
        self._keys: list[NDArray[np.int64]] = []
        self._counts: list[NDArray[np.int64]] = []
        self._held = 0
        self._enough = ENOUGH
        self._latest = 0

    def add(self, arrived: NDArray[np.int64], places: Sequence[NDArray[np.int64]], latest: int) -> None:
        """Count rows at their places (NULL: at none), one array of places per kind; `latest`: an instant reached."""
        self._latest = max(self._latest, latest)
        if not len(arrived):
            return
        second = arrived // SECOND
        start = int(second.min())
        base = (second - start) * self._places
        keys = np.concatenate([(base + place)[place >= 0] for place in places])
        cells = (int(second.max()) - start + 1) * self._places
        if cells <= 4 * len(keys) + 65_536:
            counts = np.bincount(keys, minlength=1)
            keys = np.nonzero(counts)[0]
            counts = counts[keys]
        else:
            keys, counts = np.unique(keys, return_counts=True)
        self._keep(keys + start * self._places, counts)
        if self._held > self._enough:
            self._settle(self._latest - self._longest)

    def _keep(self, keys: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self._keys.append(keys)
        self._counts.append(counts)
        self._held += len(keys)

    def finish(self) -> None:
        """No more rows will come: all seconds are final."""
        self._settle(None)

    def _settle(self, horizon: int | None) -> None:
        """Take the final seconds, those that end by `horizon`, into the peaks."""
        if not self._held:
            return
        keys, counts = np.concatenate(self._keys), np.concatenate(self._counts)
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        first = np.concatenate([[0], np.nonzero(np.diff(keys))[0] + 1])
        keys, counts = keys[first], np.add.reduceat(counts, first)
        cut = len(keys) if horizon is None else int(np.searchsorted(keys, horizon // SECOND * self._places))
        self._keys, self._counts, self._held = [], [], 0
        if cut < len(keys):
            self._keep(keys[cut:].copy(), counts[cut:].copy())
        self._enough = max(ENOUGH, 2 * self._held)
        self._take(keys[:cut], counts[:cut])

    def _take(self, keys: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        second, place = np.divmod(keys, self._places)
        # By place, the largest first, of equals the earliest first.
        order = np.lexsort((second, -counts, place))
        ids, first = np.unique(place[order], return_index=True)
        best = order[first]
        higher = counts[best] > self.peak[ids]
        ids, best = ids[higher], best[higher]
        self.peak[ids] = counts[best]
        self.peak_at[ids] = second[best]
        for number, row in zip(ids.tolist(), best.tolist(), strict=True):
            if number in self._beside:
                other, _ = self._beside[number]
                key = int(second[row]) * self._places + other
                at = int(np.searchsorted(keys, key))
                found = int(counts[at]) if at < len(keys) and keys[at] == key else 0
                self._beside[number] = (other, found)

    def beside(self, place: int) -> int:
        """The count of a place's other in the place's largest second."""
        return self._beside[place][1]
