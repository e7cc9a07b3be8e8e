"""A stage's cache cluster: entries with a time to live, least recently used out when its bytes are full."""

from __future__ import annotations

from apigw_sim.engine.model.gauges import Gauge


class Entry:
    """A cached answer."""

    __slots__ = ("expires", "held_bytes", "reason", "resource", "response_bytes", "status", "used")

    def __init__(
        self, expires: int, resource: int, status: int, reason: int, response_bytes: int, held_bytes: int
    ) -> None:
        self.expires = expires
        self.resource = resource
        """Whose answer it is: two resources may share an entry if the cache key does not tell them apart."""
        self.status = status
        self.reason = reason
        self.response_bytes = response_bytes
        self.held_bytes = held_bytes
        self.used = 0
        """Number of its last use, counted over the whole cache."""


class StageCache:
    """The cache of one stage. An expired entry keeps its bytes until it is asked for or pushed out."""

    def __init__(self, capacity: int, gauge: Gauge) -> None:
        self.capacity = capacity
        self.ready = 0
        """Before this instant there is no cache: creating or resizing it takes up to four minutes."""
        self.gauge = gauge
        self.entries: dict[int, Entry] = {}
        self.uses = 0
        self._oldest: list[tuple[int, int]] = []
        """(use, key) of all entries when it was last made, the least recently used at the end."""

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
        self.uses = entry.used = self.uses + 1
        return entry

    def store(self, key: int, entry: Entry) -> None:
        """Put an entry in, most recently used, and push out what no longer fits; one above the capacity stays out."""
        if key in self.entries:
            self._drop(key)
        if entry.held_bytes > self.capacity:
            return
        while self.gauge.level + entry.held_bytes > self.capacity:
            self._drop(self._least_recently_used())
        self.entries[key] = entry
        self.uses = entry.used = self.uses + 1
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

    def _least_recently_used(self) -> int:
        """The key of the entry whose last use is longest ago.

        Whatever has been used since `_oldest` was sorted is younger than all that has not, so the first untouched one
        in it is the one; a hit costs nothing but a number, and each use is skipped at most once.
        """
        while True:
            while self._oldest:
                used, key = self._oldest.pop()
                entry = self.entries.get(key)
                if entry is not None and entry.used == used:
                    return key
            self._oldest = sorted(((entry.used, key) for key, entry in self.entries.items()), reverse=True)
