"""A page of text for a terminal or a pipe: titles, lines, aligned tables, laid out by rich.

In a pipe nothing wraps and nothing is coloured, so the bytes depend on what is said alone, not on where.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

    from rich.console import Console, RenderableType
    from rich.text import Text

INDENT = 2
WIDE = 1 << 15
"""Columns of a pipe: more than any line has."""


class Words(NamedTuple):
    """A piece of text and how it looks where there are colours."""

    text: str
    style: str = ""


Cell = str | Words


class Title(NamedTuple):
    """The heading of a section, with what is said beside it."""

    text: str
    beside: str = ""


class Line(NamedTuple):
    """A sentence, wrapped at the edge of a terminal; its further lines are indented by `hang`."""

    text: Cell
    indent: int = INDENT
    hang: int = 2
    wrap: bool = True


class Table(NamedTuple):
    """Rows in aligned columns; `align` has a letter a column, l or r. Only the last column wraps."""

    rows: tuple[tuple[Cell, ...], ...]
    align: str
    head: tuple[Cell, ...] | None = None
    indent: int = INDENT


@dataclass
class Page:
    """What is to be shown."""

    parts: list[Title | Line | Table] = field(default_factory=list)

    def title(self, text: str, beside: str = "") -> None:
        """Begin a section."""
        self.parts.append(Title(text, beside))

    def line(self, text: str, style: str = "", indent: int = INDENT, hang: int = 2) -> None:
        """Add a sentence."""
        self.parts.append(Line(Words(text, style), indent, hang))

    def exact(self, text: str, style: str = "", indent: int = INDENT) -> None:
        """Add a line to be copied: it is never broken."""
        self.parts.append(Line(Words(text, style), indent, 0, wrap=False))

    def table(
        self,
        rows: Iterable[Sequence[Cell]],
        align: str,
        head: Sequence[Cell] | None = None,
        indent: int = INDENT,
    ) -> None:
        """Add a table; no rows, no table."""
        found = tuple(tuple(row) for row in rows)
        if found:
            self.parts.append(Table(found, align, None if head is None else tuple(head), indent))

    def plain(self) -> str:
        """The page for a pipe."""
        return self._drawn(WIDE, None)

    def coloured(self, width: int, colours: Literal["standard", "256", "truecolor"] | None) -> str:
        """The page for a terminal of so many columns."""
        return self._drawn(max(width, 40), colours)

    def _drawn(self, width: int, colours: Literal["standard", "256", "truecolor"] | None) -> str:
        from rich.console import Console

        file = StringIO()
        console = Console(
            file=file, width=width, force_terminal=colours is not None, color_system=colours, no_color=False,
            legacy_windows=False,
        )  # fmt: skip
        for number, part in enumerate(self.parts):
            if isinstance(part, Title) and number:
                console.print()
            _print(console, part, width)
        lines = file.getvalue().split("\n")
        return "\n".join(line.rstrip(" ") for line in lines)


def _print(console: Console, part: Title | Line | Table, width: int) -> None:
    from rich.padding import Padding
    from rich.text import Text

    match part:
        case Title(text, beside):
            title = Text(text, style="bold")
            if beside:
                title.append(f"  {beside}", style="not bold dim")
            console.print(title)
        case Line(text, indent, _, wrap=False):
            console.print(_text(" " * indent).append_text(_text(text)), soft_wrap=True)
        case Line(text, indent, hang, _):
            lines = _text(text).wrap(console, max(width - indent - hang, 20))
            for number, line in enumerate(lines):
                console.print(
                    _text(" " * (indent + (hang if number else 0))).append_text(line), soft_wrap=True
                )
        case Table():
            console.print(Padding(_grid(part), (0, 0, 0, part.indent), expand=False))


def _grid(part: Table) -> RenderableType:
    from rich.table import Table as Grid

    last = len(part.align) - 1
    grid = Grid(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=part.head is not None, header_style="dim"
    )
    for number, letter in enumerate(part.align):
        head = part.head[number] if part.head is not None else ""
        grid.add_column(
            _text(head), justify="right" if letter == "r" else "left", no_wrap=number != last or letter == "r",
            overflow="fold",
        )  # fmt: skip
    for row in part.rows:
        grid.add_row(*(_text(cell) for cell in row))
    return grid


def _text(cell: Cell) -> Text:
    from rich.text import Text

    if isinstance(cell, Words):
        return Text(cell.text, style=cell.style)
    return Text(cell)
