"""Every error a user can meet says where, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class ApigwSimError(Exception):
    """The base of all errors a user can meet; the command line prints it and exits with `exit_status`."""

    exit_status = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input: where it stands, what it is, what to do; line and column count from 1."""

    file: str | None
    line: int | None
    column: int | None
    path: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = " ".join(part for part in (place, self.path) if part)
        text = f"{self.what}; {self.fix}" if self.fix else self.what
        line = f"{head}: {text}" if head else text
        if line.isprintable():
            return line
        return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in line)

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Problems are listed by file, line and column."""
        return (self.file or "", self.line or 0, self.column or 0, self.path, self.what)


class ScenarioError(ApigwSimError):
    """A scenario that cannot be loaded, with all its problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=lambda problem: problem.order))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        return (type(self), (self.problems,))


class SlowerEngineWarning(UserWarning):
    """The compiled engine was wanted, and the simpy engine ran: the same figures, later."""
