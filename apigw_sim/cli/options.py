"""What several commands take: a scenario, its overrides, a seed, a folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from apigw_sim.cli.console import printable
from apigw_sim.errors import ApigwSimError, Problem, ScenarioError

if TYPE_CHECKING:
    from apigw_sim.terminal.verdicts import Verdict

F = TypeVar("F", bound=Callable[..., Any])

LARGEST_SEED = 2**63 - 1


def _file_name(_: click.Context, __: click.Parameter, value: Any) -> Any:
    """A file name that can be written into results: it is UTF-8."""
    for name in value if isinstance(value, tuple) else (value,):
        try:
            name.encode()
        except UnicodeEncodeError:
            what = "this file name is not UTF-8"
            raise ScenarioError([Problem(printable(name), None, None, "", what, "rename the file")]) from None
    return value


def _seed(_: click.Context, __: click.Parameter, value: int | None) -> int | None:
    """A seed, as a scenario may have it."""
    if value is not None and not 0 <= value <= LARGEST_SEED:
        raise click.BadParameter(f"{value} is not between 0 and {LARGEST_SEED}.")
    return value


def scenario(function: F) -> F:
    """The argument SCENARIO."""
    return click.argument("scenario", callback=_file_name)(function)


def scenarios(function: F) -> F:
    """The argument SCENARIO, once or more."""
    return click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True, callback=_file_name)(
        function
    )


def overrides(function: F) -> F:
    """The option --set."""
    return click.option(
        "--set", "overrides", metavar="PATH=VALUE", multiple=True,
        help="Set a value of the scenario, as often as you like; `check --paths` lists all paths. "
        "null removes what stands there.",
    )(function)  # fmt: skip


def allow_code(function: F) -> F:
    """The option --allow-code."""
    return click.option(
        "--allow-code", is_flag=True,
        help="Let Python code run that the scenario names as a backend. Read it before: it may do anything you may.",
    )(function)  # fmt: skip


def seed(function: F) -> F:
    """The option --seed."""
    return click.option(
        "--seed", metavar="N", type=int, callback=_seed,
        help="The seed of all randomness, instead of the scenario's.",
    )(function)  # fmt: skip


def folder(_: click.Context, __: click.Parameter, value: str | None) -> Path | None:
    """The folder of --out, which can be written."""
    if value is None:
        return None
    from apigw_sim.result import check_folder
    from apigw_sim.result.folder import FolderError

    shown, path = printable(value), Path(value)
    try:
        check_folder(path)
        parent = path.absolute().parent
        while not parent.exists():
            parent = parent.parent
        if not parent.is_dir():
            raise FolderError(f"{shown}: {parent} is not a folder; name another one")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise FolderError(f"{shown}: {parent} cannot be written to; name another folder")
    except OSError as error:
        raise FolderError(
            f"{shown}: cannot be written: {error.strerror or error}; name another folder"
        ) from None
    return path


class FileError(ApigwSimError):
    """A file that cannot be written."""


def file_to_write(_: click.Context, __: click.Parameter, value: str | None) -> Path | None:
    """The file of an option, which can be written; it is known before anything runs."""
    if value is None:
        return None
    shown, path = printable(value), Path(value)
    try:
        if path.is_dir():
            raise FileError(f"{shown}: is a folder; name a file")
        parent = path.absolute().parent
        if not parent.is_dir():
            raise FileError(
                f"{shown}: {printable(str(parent))} is not a folder; make it, or name another file"
            )
        if not os.access(path if path.exists() else parent, os.W_OK):
            raise FileError(f"{shown}: cannot be written to; name another file")
    except (OSError, ValueError) as error:
        raise FileError(f"{shown}: cannot be written: {error}; name another file") from None
    return path


def write_file(path: Path, text: str) -> None:
    """Write a file of an option, in UTF-8."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        shown = printable(str(path))
        raise FileError(f"{shown}: cannot be written: {error.strerror or error}; name another file") from None


def verdict_files(function: F) -> F:
    """The options --junit and --markdown."""
    junit = click.option(
        "--junit", metavar="FILE", callback=file_to_write,
        help="Write the expectations as JUnit's XML, which CI systems read.",
    )  # fmt: skip
    markdown = click.option(
        "--markdown", metavar="FILE", callback=file_to_write,
        help="Write the expectations as Markdown, for a pull request.",
    )  # fmt: skip
    return junit(markdown(function))


def write_verdicts(
    junit: Path | None, markdown: Path | None, title: str, made: Sequence[Verdict], facts: Sequence[tuple[str, str]]
) -> None:  # fmt: skip
    """Write what became of the expectations into the files of --junit and --markdown."""
    from apigw_sim.terminal import verdicts

    if junit is not None:
        write_file(junit, verdicts.junit(title, made, facts))
    if markdown is not None:
        write_file(markdown, verdicts.markdown(title, made, facts))


def again(scenario: str, overrides: Sequence[str], seed: int | None, allow_code: bool = False) -> str:
    """The scenario and what was set, as one would type it again."""
    words = [scenario]
    if seed is not None:
        words += ["--seed", str(seed)]
    for override in overrides:
        words += ["--set", override]
    if allow_code:
        words.append("--allow-code")
    return shlex.join(words)
