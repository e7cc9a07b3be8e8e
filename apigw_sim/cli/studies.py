"""What the commands of many runs share: their options, and the pictures that go into the folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from apigw_sim.cli.console import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from apigw_sim.scenario import Scenario

F = TypeVar("F", bound=Callable[..., Any])


def _workers(_: click.Context, __: click.Parameter, text: str) -> int | str:
    if text == "auto":
        return text
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise click.BadParameter(f"{text!r} is neither auto nor a number from 1 to 1,024.")
    return int(text)


def _share(_: click.Context, __: click.Parameter, text: str) -> float:
    try:
        value = float(text.strip().removesuffix("%")) / (100 if "%" in text else 1)
    except ValueError:
        value = 0.0
    if not 0.5 <= value < 1:
        raise click.BadParameter(f"{text!r} is no confidence; write one such as 95%.")
    return value


class _Share(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A share such as `5 %`, or 0.05."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
        except ValueError:
            self.fail(f"{text!r} is no share; write one such as 5 %", param, ctx)


SHARE = _Share()


def sureness(function: F) -> F:
    """The options --error, --share and --mean of a search."""
    error = click.option(
        "--error", type=SHARE, default="5 %", show_default=True, help="With what probability it may be wrong."
    )
    share = click.option(
        "--share", type=SHARE, default="95 %", show_default=True,
        help="Of runs, that have to meet every expectation.",
    )  # fmt: skip
    mean = click.option("--mean", is_flag=True, help="Instead judge by the mean over runs.")
    return error(share(mean(function)))


def where(function: F) -> F:
    """The options --workers, --cluster and --engine."""
    for option in (
        click.option(
            "--engine", type=click.Choice(["auto", "simpy", "compiled"]), default="auto", show_default=True,
            help="The engine of every run.",
        ),
        click.option(
            "--cluster", metavar="ADDRESS",
            help="Run on the Dask cluster whose scheduler is there, such as tcp://host:8786.",
        ),
        click.option(
            "--workers", metavar="N", default="auto", show_default=True, callback=_workers,
            help="Processes on this machine; auto: one for each processor where that pays. The results are the same.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def confidence(function: F) -> F:
    """The option --confidence."""
    return click.option(
        "--confidence", metavar="SHARE", default="95%", show_default=True, callback=_share,
        help="Of the intervals.",
    )(function)  # fmt: skip


def metrics(function: F) -> F:
    """The option --metric."""
    return click.option(
        "--metric", "metrics", metavar="METRIC", multiple=True,
        help="Show this figure, as often as you like: a name such as requests.refused, or as an expectation says it, "
        "'shop/prod p99(Latency)'. `list` shows all.",
    )(function)  # fmt: skip


def out(function: F) -> F:
    """The option --out."""
    return click.option(
        "--out", metavar="DIR", callback=_path,
        help="Keep the study in DIR: each run the moment it is finished, then the results and a picture. "
        "The same command goes on with a study that was ended.",
    )(function)  # fmt: skip


def _path(_: click.Context, __: click.Parameter, value: str | None) -> Path | None:
    return None if value is None else Path(value)


def facts(scenario: Scenario, seed: int) -> list[tuple[str, str]]:
    """What stands beside verdicts over many runs: what it takes to make them again."""
    from importlib.metadata import version

    return [
        ("seed", str(seed)), ("apigw-sim", version("apigw-sim")), ("scenario sha256", scenario.sha256()),
        *(("with", said) for said in scenario.overrides),
    ]  # fmt: skip


def kept(folder: Path | None) -> str | None:
    """A folder as it is named to the user."""
    return None if folder is None else printable(str(folder))


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write a picture into the folder of a study; the same figure gives the same bytes."""
    from apigw_sim.experiment.folder import StudyFolderError
    from apigw_sim.files import write_whole
    from apigw_sim.report.overview import svg_of

    try:
        write_whole(folder / name, svg_of(figure).encode())
    except OSError as error:
        raise StudyFolderError(f"{folder}: cannot be written: {error.strerror or error}") from None


def chosen(names: tuple[str, ...], known: Any) -> list[str]:
    """The figures that are asked for; `list` is all of them."""
    return list(known) if "list" in names else list(names)
