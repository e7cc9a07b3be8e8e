"""What is kept of wanted runs, in the order wanted, from the folder where they are there and from the mapper where not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from apigw_sim.experiment.folder import Key, StudyFolder
from apigw_sim.experiment.mapper import Mapper
from apigw_sim.experiment.runs import Job

T = TypeVar("T")

Told = Callable[[int], None]
"""Is told how many runs are finished."""


def collect(
    wanted: Iterable[Key],
    job: Callable[[Key], Job[T]],
    mapper: Mapper,
    folder: StudyFolder[T] | None = None,
    told: Told | None = None,
) -> Generator[tuple[Key, T], None, None]:
    """Give each wanted run with what is kept of it, in order; whoever has enough closes it, and nothing more is run.

    Each run is written to the folder the moment it is finished, whatever its place in the order.
    """
    coming = iter(wanted)
    order: deque[Key] = deque()
    finished: dict[Key, T] = {}
    count = 0

    def done() -> None:
        nonlocal count
        count += 1
        if told is not None:
            told(count)

    def missing() -> Iterator[tuple[int, Job[T]]]:
        """Jobs of what is not there yet, numbered in the order in which they are handed out."""
        if first is not None:
            yield hand_out(first)
        for key in coming:
            order.append(key)
            if not (folder is not None and folder.has(key) and take(key)):
                yield hand_out(key)

    def hand_out(key: Key) -> tuple[int, Job[T]]:
        keys.append(key)
        return len(keys) - 1, job(key)

    def take(key: Key) -> bool:
        """Whether a run could be read from the folder."""
        found = None if folder is None else folder.read(key)
        if found is None:
            return False
        finished[key] = found
        done()
        return True

    # What is there from the beginning is given before anything is run: it may be enough.
    first: Key | None = None
    keys: list[Key] = []
    for key in coming:
        if folder is None or not folder.has(key) or not take(key):
            first = key
            order.append(key)
            break
        yield key, finished.pop(key)
    if first is None:
        return
    runs = mapper.run(missing())
    try:
        for number, found in runs:
            key = keys[number]
            if folder is not None:
                folder.write(key, found)
            finished[key] = found
            done()
            while order and order[0] in finished:
                following = order.popleft()
                yield following, finished.pop(following)
        while order:
            following = order.popleft()
            yield following, finished.pop(following)
    finally:
        close = getattr(runs, "close", None)
        if close is not None:
            close()
