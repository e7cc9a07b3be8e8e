"""A stage's cache cluster: entries with a time to live, least recently used out when its bytes are full."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.plan.tables import Stage


class Entry(NamedTuple):
    """A cached answer."""

    expires: int
    resource: int
    """Whose answer it is: two resources may share an entry if the cache key does not tell them apart."""
    status: int
    reason: int
    response_bytes: int
    held_bytes: int


class StageCache:
    """The cache of one stage. An expired entry keeps its bytes until it is asked for or pushed out."""

    def __init__(self, stage: Stage, gauge: Gauge) -> None:
        self.capacity = stage.cache_bytes
        self.ready = 0
        """Before this instant there is no cache: creating or resizing it takes up to four minutes."""
        self.gauge = gauge
        self.entries: OrderedDict[int, Entry] = OrderedDict()

    def there(self, now: int) -> bool:
        """Whether there is a cache at all."""
        return self.capacity > 0 and now >= self.ready

    def look_up(self, key: int, now: int) -> Entry | None:
        """The live entry of a key, which becomes the most recently used."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        if entry.expires <= now:
            self._drop(key)
            return None
        self.entries.move_to_end(key)
        return entry

    def store(self, key: int, entry: Entry) -> None:
        """Put an entry in, most recently used, and push out what no longer fits; one above the capacity stays out."""
        if key in self.entries:
            self._drop(key)
        if entry.held_bytes > self.capacity:
            return
        while self.gauge.level + entry.held_bytes > self.capacity:
            self._drop(next(iter(self.entries)))
        self.entries[key] = entry
        self.gauge.move(entry.held_bytes)

    def flush(self) -> None:
        """All entries out."""
        self.entries.clear()
        self.gauge.move(-self.gauge.level)

    def resize(self, capacity: int, ready: int) -> None:
        """Another cluster: everything is lost, and there is no cache until `ready`."""
        self.flush()
        self.capacity = capacity
        self.ready = ready

    def _drop(self, key: int) -> None:
        self.gauge.move(-self.entries.pop(key).held_bytes)
