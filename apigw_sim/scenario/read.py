"""A scenario file and what it extends, as one tree."""

from __future__ import annotations

import difflib
import stat
from dataclasses import dataclass, field
from pathlib import Path

from apigw_sim.errors import Problem
from apigw_sim.scenario.merge import merge
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.tree import Keys, Node
from apigw_sim.scenario.yaml_layer import parse

MOST_BYTES = 1_000_000
MOST_EXTENDS = 8
_BEGIN = "begin with name:, run:, apis: and clients:"


@dataclass
class Source:
    """A tree, where it came from, and what is wrong with its text."""

    root: Node | None
    folder: str
    name: str
    files: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    broken: list[Keys] = field(default_factory=list)


def read(path: str) -> Source:
    """Read a scenario file, and under it the files it extends."""
    return _read(path, ())


def _read(path: str, chain: tuple[Path, ...]) -> Source:
    text, trouble = _text(path)
    if text is None:
        return Source(None, ".", "", [path], [Problem(path, None, None, "", *trouble)])
    here = Path(path).resolve()
    source = Source(None, str(here.parent), Path(path).stem, [path])
    parsed = parse(text, path, source.folder)
    source.problems, source.broken = parsed.problems, parsed.broken
    root = parsed.root
    if root is None or not isinstance(root.value, dict) or not root.value:
        if not source.problems:
            what = "the file is empty"
            if root is not None and root.value not in (None, {}):
                what = f"the file holds {'a list' if isinstance(root.value, list) else 'one value'}, not a mapping"
            source.problems.append(Problem(path, 1, 1, "", what, _BEGIN))
        return source
    source.root = root
    if "extends" in root.value:
        _extend(source, root.value.pop("extends"), (*chain, here))
    return source


def _extend(source: Source, node: Node, chain: tuple[Path, ...]) -> None:
    def say(what: str, fix: str) -> None:
        file, line, column = node.place or (source.files[0], None, None)
        source.problems.append(Problem(file, line, column, show_path(("extends",)), what, fix))

    if not isinstance(node.value, str) or not node.value or "\0" in node.value:
        say("extends takes one file", "write extends: other.yaml, relative to this file")
        return
    other = str(Path(source.files[0]).parent / node.value)
    if Path(other).resolve() in chain:
        say(f"{node.value} extends this file in turn", "break the circle")
        return
    if len(chain) > MOST_EXTENDS:
        say(f"more than {MOST_EXTENDS} files extend each other", "merge some of them")
        return
    base = _read(other, chain)
    if base.root is None and base.problems and base.problems[0].line is None:
        say(f"{node.value}: {base.problems[0].what}", base.problems[0].fix)
        return
    source.files += base.files
    source.problems += base.problems
    if base.root is not None and source.root is not None:
        over, source.root = source.root, merge(base.root, source.root)
        source.broken += [keys for keys in base.broken if over.find(keys) is None]


def _text(path: str) -> tuple[str | None, tuple[str, str]]:
    if not path or "\0" in path:
        return None, ("this is no file name", "write the path of a scenario file")
    try:
        about = Path(path).stat()
        if stat.S_ISDIR(about.st_mode):
            return None, ("this is a directory", "name a scenario file in it")
        if not stat.S_ISREG(about.st_mode):
            return None, ("this is not a regular file", "name a scenario file")
        if about.st_size > MOST_BYTES:
            what = f"the file has {about.st_size / 1e6:.1f} MB, and a scenario 1 MB at most"
            return None, (what, "keep data such as traces in files of their own")
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        near = _nearest(path)
        return None, ("there is no such file", f"did you mean '{near}'?" if near else "check the path")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return None, (f"the file cannot be read: {reason}", "check the path and its permissions")
    return _decode(data)


def _decode(data: bytes) -> tuple[str | None, tuple[str, str]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, ("the file is in UTF-16", "save it as UTF-8 without a byte order mark")
    if data.startswith(b"\xef\xbb\xbf"):
        return None, ("the file begins with a byte order mark", "save it as UTF-8 without one")
    try:
        return data.decode("utf-8"), ("", "")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, (
            f"the file is not UTF-8: byte 0x{data[error.start]:02x} on line {line}",
            "save it as UTF-8",
        )


def _nearest(path: str) -> str | None:
    folder = Path(path).parent
    try:
        names = sorted(each.name for each in folder.iterdir() if each.suffix in (".yaml", ".yml"))
    except OSError:
        return None
    near = difflib.get_close_matches(Path(path).name, names, 1, 0.75)
    return str(folder / near[0]) if near else None
