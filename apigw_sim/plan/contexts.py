"""What the stage variables in a function's event make of it: other laws of its work, in the same environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from apigw_sim.plan import backends, laws
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.tables import NULL, Account, Backend, BackendKind, Works

Which = tuple[int | None, ...]
"""Which of its contexts each function is in; None: in none of them."""


class Contexts:
    """The contexts of all functions."""

    def __init__(self, reading: Reading, account: Account, behind: Sequence[Backend]) -> None:
        self.reading = reading
        self.account = account
        self.behind = behind
        self.functions = reading.scenario.functions
        self.none: Which = (None,) * len(self.functions)

    def which(self, variables: Mapping[str, str]) -> Which:
        """The contexts that the variables of a stage make."""
        return tuple(function.context(variables) for function in self.functions.values())

    def event(self, called: str | None, which: Which) -> tuple[int, str]:
        """Which of its contexts a function is in that is called by a name, NULL for none, and what its event has for it."""
        name = (called or "").partition(":")[0]
        number = dict(zip(self.functions, which, strict=True)).get(name)
        if number is None:
            return NULL, ""
        said = self.functions[name].contexts[number].stage_variables
        return number, ", ".join(f"{key}={value}" for key, value in said.items())

    def works(self, which: Which) -> list[Works]:
        """What an attempt draws for each backend, in the order of plan.backends, where functions are in contexts."""
        of = dict(zip(self.functions, which, strict=True))
        return [
            backends.works(self.reading, self.account, replace(row, **self._other(row, of)))
            for row in self.behind
        ]

    def _other(self, row: Backend, of: Mapping[str, int | None]) -> dict[str, Any]:
        """What a function, or a version of it, has otherwise in its context."""
        name = row.name.partition(":")[0]
        number = of[name] if row.kind is BackendKind.LAMBDA else None
        if number is None:
            return {}
        said, path = self.functions[name].contexts[number], ("functions", name, "contexts", number)
        law, answer = self.reading.law, said.response
        own: dict[str, Any] = {}
        if said.duration is not None:
            own["duration"] = law(said.duration, "duration", (*path, "duration"))
        if answer is not None and answer.size is not None:
            own["response"] = law(answer.size, "size", (*path, "response", "size"))
        if answer is not None and answer.status is not None:
            own["status"] = laws.shares(answer.status.items())
        for key in ("crash", "malformed"):
            if getattr(said, key) is not None:
                own[key] = laws.threshold(getattr(said, key))
        return own
