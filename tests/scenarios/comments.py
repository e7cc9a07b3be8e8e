"""The comment at the head of a scenario, read as data: what it says came out, what to try, and its numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

OUTCOME, TRY = "What came out", "Try:"
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"


@dataclass(frozen=True)
class Comment:
    """The lines before the first key of a scenario, without their `#`."""

    lines: tuple[str, ...]

    @classmethod
    def of(cls, file: Path) -> Comment:
        """Read the comment at the head of a file."""
        lines = []
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                break
            lines.append(line.removeprefix("#").removeprefix(" "))
        return cls(tuple(lines))

    @cached_property
    def expected(self) -> str:
        """What to expect, and why: the story and its arithmetic."""
        return flat(self.lines[: self._starts(OUTCOME)])

    @cached_property
    def outcome(self) -> str:
        """What came out."""
        return flat(self.lines[self._starts(OUTCOME) : self._starts(TRY)])

    @cached_property
    def tries(self) -> dict[str, str]:
        """What to try, `--set ...`, and what the comment says of it."""
        made: dict[str, list[str]] = {}
        for line in self.lines[self._starts(TRY) + 1 :]:
            if line.lstrip().startswith("--set"):
                made[line.strip()] = []
            else:
                made[next(reversed(made))].append(line)
        return {options: flat(said) for options, said in made.items()}

    def _starts(self, heading: str) -> int:
        return next((at for at, line in enumerate(self.lines) if line.startswith(heading)), len(self.lines))


def flat(lines: Iterable[str]) -> str:
    """Lines as one, with single spaces."""
    return " ".join(" ".join(lines).split())


def overrides(options: str) -> list[str]:
    """The overrides of `--set A=1 --set B=2`, as a shell would hand them over."""
    words = shlex.split(options)
    assert words[0::2] == ["--set"] * (len(words) // 2), options
    return words[1::2]


@dataclass(frozen=True)
class Claim:
    """A piece of a comment, its numbers written as `{}`, and what they ought to be."""

    words: str
    numbers: Sequence[float]


def check(text: str, claims: Sequence[Claim]) -> str:
    """Compare numbers with what they ought to be, as exactly as they are written; give the text without the claims."""
    for claim in claims:
        pattern = re.escape(claim.words).replace(r"\{\}", f"({NUMBER})")
        found = re.search(pattern, text)
        assert found, f"the comment no longer says: {claim.words}"
        assert len(found.groups()) == len(claim.numbers), claim.words
        right = [as_written(said, number) for said, number in zip(found.groups(), claim.numbers, strict=True)]
        assert list(found.groups()) == right, f"{found[0]!r}: should be {right}"
        text = text[: found.start()] + "…" + text[found.end() :]
    return text


def as_written(said: str, number: float) -> str:
    """A number with the decimals, and the commas, that were used."""
    decimals = len(said.partition(".")[2])
    return f"{float(number):{',' if ',' in said else ''}.{decimals}f}"


def numbers(text: str) -> list[str]:
    """The numbers in a text: those that nobody vouches for, after `check`."""
    return re.findall(NUMBER, text)
