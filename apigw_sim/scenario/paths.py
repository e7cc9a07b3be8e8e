"""Paths into a scenario: dots, `["POST /orders"]` for keys that are no words, `[0]` for items of lists."""

from __future__ import annotations

import re
from typing import Any

from apigw_sim.scenario.base import Bad

Keys = tuple[str | int, ...]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*|\d+")
_EQUALS = re.compile(r"\s*=")
_BRACKET = re.compile(r"""\[\s*(?:(\d+)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]""")


def show_path(keys: Keys) -> str:
    """Write a path."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _WORD.fullmatch(key):
            text += f".{key}" if text else key
        else:
            quote = "'" if '"' in key and "'" not in key else '"'
            escaped = key.replace("\\", "\\\\").replace(quote, f"\\{quote}")
            text += f"[{quote}{escaped}{quote}]"
    return text


def split_path(path: str) -> Keys:
    """Read a path; a bad one raises Bad, which says where it goes wrong."""
    keys, rest = split_head(path)
    if rest:
        raise Bad(f"'{path}' is no path: '{rest[:20]}' does not fit", "join keys with dots")
    return keys


def split_head(path: str) -> tuple[Keys, str]:
    """Read the path a text begins with, up to an equals sign; and what follows it."""
    text = path.strip()
    keys: list[str | int] = []
    at = 0
    while at < len(text) and not _EQUALS.match(text, at):
        if text[at] == "[":
            found = _BRACKET.match(text, at)
            if not found:
                raise Bad(
                    f"'{path}' is no path: a bracket at {at + 1} holds neither a number nor a quoted key",
                    'write ["POST /orders"] or [0]',
                )
            quoted = found[2] if found[2] is not None else found[3]
            keys.append(int(found[1]) if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
            at = found.end()
            continue
        if keys:
            if text[at] != ".":
                raise Bad(f"'{path}' is no path: '{text[at]}' at {at + 1}", "join keys with dots")
            at += 1
        found = _WORD.match(text, at)
        if not found:
            rest = text[at:] or "nothing"
            raise Bad(f"'{path}' is no path: '{rest}' is no word", 'keys that are no words stand in ["..."]')
        keys.append(found[0])
        at = found.end()
    if not keys:
        raise Bad("the path is empty", "write one such as account.lambda_concurrency")
    return tuple(keys), text[at:].lstrip()


def value_at(data: Any, path: str) -> Any:
    """What plain data, such as a resolved scenario, has at a path; None: nothing."""
    for key in split_path(path):
        if isinstance(data, list):
            data = data[key] if isinstance(key, int) and key < len(data) else None
        else:
            data = data.get(str(key)) if isinstance(data, dict) else None
    return data
