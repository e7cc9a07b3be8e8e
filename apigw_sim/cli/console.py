"""What goes to the terminal or into a pipe: pages, problems, progress. No reader and no encoding makes a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from apigw_sim.cli.interrupts import raise_again
from apigw_sim.errors import ApigwSimError, ScenarioError

if TYPE_CHECKING:
    from apigw_sim.terminal import Page

Progress = Callable[[int], None]


class OutputError(ApigwSimError):
    """The output cannot be written."""


class InterruptedRunError(ApigwSimError):
    """The user ended a run before its end."""

    exit_status = 130


def show(page: Page) -> None:
    """Print a page: as wide as the terminal and in its colours, or plain into a pipe."""
    if not _is_terminal(sys.stdout):
        write(page.plain())
        return
    from rich.console import Console

    console = Console(file=sys.stdout)
    system = None if console.no_color else console.color_system
    # On Windows' old console rich speaks to the console itself, which text cannot do.
    colours: Any = system if system in ("standard", "256", "truecolor") else None
    write(page.coloured(console.width, colours))


def write(text: str) -> None:
    """Write to standard output. A reader that has gone, as with `| head`, is no error."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        _give_up(sys.stdout)
    except OSError as error:
        _give_up(sys.stdout)
        raise OutputError(f"the output cannot be written: {error.strerror or error}") from None


def complain(lines: Iterable[str]) -> None:
    """Write to standard error, a line each."""
    with suppress(OSError):
        _write(sys.stderr, "".join(f"{printable(line)}\n" for line in lines))


def told(error: ApigwSimError) -> list[str]:
    """An error as lines: its problems and how many they are."""
    if isinstance(error, InterruptedRunError):
        return [str(error)]
    if not isinstance(error, ScenarioError):
        return [str(error)]
    problems = [str(problem) for problem in error.problems]
    noun = "problem" if len(problems) == 1 else "problems"
    return [*problems, f"{len(problems):,} {noun}"]


def printable(text: str) -> str:
    """Text in which what no terminal should be sent is written as an escape."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """A bar on a terminal's standard error, of simulated time and what remains; nothing in a pipe.

    An interruption becomes an InterruptedRunError that says how far the run had come.
    """
    now = 0

    def plain(at: int) -> None:
        nonlocal now
        raise_again()
        now = at

    try:
        if not _is_terminal(sys.stderr):
            yield plain
            return
        with _bar(what, total) as moved:

            def both(at: int) -> None:
                plain(at)
                moved(at)

            yield both
    except KeyboardInterrupt:
        from apigw_sim.terminal.words import span

        of = "" if total is None else f" of {span(total)}"
        came = f"interrupted after {span(now)}{of} of simulated time; nothing was written"
        raise InterruptedRunError(came) from None


@contextmanager
def counting(what: str, total: int, kept: str | None = None) -> Iterator[Callable[[int, str], None]]:
    """A bar on a terminal's standard error, of runs that are done; nothing in a pipe. `kept` as for `runs`."""
    now = 0

    def plain(done: int, _: str) -> None:
        nonlocal now
        raise_again()
        now = done

    try:
        if not _is_terminal(sys.stderr):
            yield plain
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn(what), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task(what, total=total, at="")

            def moved(done: int, at: str) -> None:
                plain(done, at)
                bar.update(task, completed=done, at=f"{done:,} runs, now {at}")

            yield moved
    except KeyboardInterrupt:
        raise InterruptedRunError(f"interrupted after {now:,} runs; {_what_is_left(kept)}") from None


def _what_is_left(kept: str | None) -> str:
    return (
        "nothing was written" if kept is None else f"they are kept in {kept}: the same command goes on there"
    )


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from apigw_sim.terminal.words import span

    columns = (
        TextColumn(what), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[at]}"),
        TimeRemainingColumn(compact=True),
    )  # fmt: skip
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        of = "" if total is None else f" of {span(total)}"
        task = bar.add_task(what, total=total, at=f"0 s{of}")

        def moved(at: int) -> None:
            bar.update(task, completed=at if total is None else min(at, total), at=f"{span(at)}{of}")

        yield moved


@contextmanager
def runs(what: str, total: int | None, kept: str | None) -> Iterator[Progress]:
    """A bar of finished runs and the time that remains; nothing in a pipe.

    An interruption becomes an InterruptedRunError that says how many were finished and whether they were `kept`.
    """
    now = 0

    def plain(count: int) -> None:
        nonlocal now
        raise_again()
        now = count

    try:
        if not _is_terminal(sys.stderr):
            yield plain
            return
        with _counted(what, total) as moved:

            def both(count: int) -> None:
                plain(count)
                moved(count)

            yield both
    except KeyboardInterrupt:
        of = "" if total is None else f" of {total:,}"
        raise InterruptedRunError(f"interrupted after {now:,}{of} runs; {_what_is_left(kept)}") from None


@contextmanager
def _counted(what: str, total: int | None) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.update(task, completed=count)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _give_up(stream: TextIO) -> None:
    """Let what is left in a stream's buffer go nowhere, now and when the interpreter ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
