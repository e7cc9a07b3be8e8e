"""What a rule finds."""

from __future__ import annotations

from dataclasses import dataclass

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule has something to say: what is the matter, and what to do."""

    keys: Keys
    """The path of the setting to change."""
    text: str
    fix: str
    source: str = ""
    """The key of a page, where it is another than the rule's."""
    where: str = ""
    """Where it stands, if that is not the place of `keys`."""
