"""How long each function took to compile in this process."""

from __future__ import annotations

from time import perf_counter

from numba.core.event import Event, Listener


class Times(Listener):  # type: ignore[misc]
    """Listens to numba: seconds per function, without those that it called and that were compiled on the way.

    numba compiles parts of itself too; they belong to whoever called them.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[tuple[str, float]] = []
        self._inner: list[float] = [0.0]

    def on_start(self, event: Event) -> None:
        """A function begins to be compiled."""
        function = event.data["dispatcher"].py_func
        name = f"{function.__module__}.{function.__qualname__}".removeprefix("apigw_sim.")
        self._open.append((name, perf_counter()))
        self._inner.append(0.0)

    def on_end(self, event: Event) -> None:  # noqa: ARG002
        """It is compiled, or has failed."""
        name, start = self._open.pop()
        inner = self._inner.pop()
        if name.startswith("numba."):
            self._inner[-1] += inner
            return
        took = perf_counter() - start
        self._inner[-1] += took
        self.seconds[name] = self.seconds.get(name, 0.0) + took - inner


TIMES = Times()
