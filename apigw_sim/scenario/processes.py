"""How random arrivals are: even, Poisson, renewal and Markov-modulated; profiles, flash crowds and batches."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf, Part, choose, dump, nested, one_key, suggest
from apigw_sim.scenario.quantities import (
    Duration,
    Name,
    Number,
    PositiveDuration,
    Rate,
    Share,
    quantity,
    show,
)

PLAIN = ("even", "poisson")
GAPS = ("gamma", "weibull", "lognormal", "hyperexponential")
DAY_VALUES, WEEK_VALUES = 24, 168
LARGEST_BATCH = 100_000
_PROCESSES = (
    "write poisson, even, {renewal: {gamma: {cv: 2}}}, or "
    "{mmpp: {states: {quiet: {times: 0.5, holds: 1 min}, busy: {times: 3, holds: 15 s}}}}"
)

Cv = Annotated[
    Fraction, quantity("number", Fraction(1, 10), 10, note="write 0.1 to 10; 1 is as random as poisson")
]


class Spread(Part):
    """How much gaps vary."""

    cv: Cv = Field(description="standard deviation of the gaps divided by their mean", examples=[2])


class Renewal(Part):
    """Independent gaps of one distribution, begun in equilibrium: exactly one of the distributions."""

    gamma: Spread | None = Field(None, description="gamma gaps; with a cv of 1/sqrt(k) Erlang's of k stages")
    weibull: Spread | None = Field(None, description="Weibull gaps")
    lognormal: Spread | None = Field(None, description="lognormal gaps")
    hyperexponential: Spread | None = Field(
        None, description="gaps of two exponentials with balanced means; a cv above 1"
    )

    @property
    def form(self) -> tuple[str, Spread]:
        """The distribution's name, and its spread."""
        return next((name, said) for name in GAPS if (said := getattr(self, name)) is not None)


class State(Part):
    """A state of a Markov-modulated Poisson process."""

    times: Number | None = Field(None, description="the rate is multiplied by this while it lasts")
    rate: Rate | None = Field(
        None, description="the rate while it lasts, instead of `times` and a `rate:` outside"
    )
    holds: PositiveDuration = Field(
        description="how long it lasts on average; exponential", examples=["10 s"]
    )
    next: dict[Name, Share] = Field(
        {},
        description="the states that follow, by share; default: the next in the list, after the last the first",
    )


class Mmpp(Part):
    """A Poisson process whose rate follows a Markov chain; it begins in the chain's equilibrium."""

    states: dict[Name, State] = Field(description="the states by name")


Process = Literal["even", "poisson"] | Renewal | Mmpp
_KEYED: tuple[tuple[str, type[Part]], ...] = (("renewal", Renewal), ("mmpp", Mmpp))


def _read_process(value: object) -> Process:
    if not isinstance(value, Mapping):
        if isinstance(value, str) and not suggest(value, PLAIN):
            raise Bad(f"{units.show(value)} is no process", _PROCESSES)
        return "even" if choose(value, PLAIN, "process") == "even" else "poisson"
    form, inner = one_key(value, ("renewal", "mmpp"), _PROCESSES)
    if form == "mmpp":
        return _read_mmpp(inner)
    made = nested(Renewal, inner, form)
    given = [name for name in GAPS if getattr(made, name) is not None]
    if len(given) != 1:
        what = f"{' and '.join(given)} stand together" if given else "the gaps have no distribution"
        raise Bad(what, "write one, such as {gamma: {cv: 2}}", (form,))
    if given == ["hyperexponential"] and made.form[1].cv <= 1:
        raise Bad(
            "a hyperexponential varies more than an exponential", "write a cv above 1, or take gamma",
            (form, "hyperexponential", "cv"),
        )  # fmt: skip
    return made


def _read_mmpp(value: object) -> Mmpp:
    made = nested(Mmpp, value, "mmpp")
    bad: list[tuple[tuple[str | int, ...], str, str]] = []
    at = ("mmpp", "states")
    if len(made.states) < 2:
        bad.append((at, "a chain has two states or more", "add one, or write process: poisson"))
    for name, state in made.states.items():
        if (state.times is None) == (state.rate is None):
            bad.append(((*at, name), "a state takes either times or rate", "write times: 3, or rate: 50/s"))
        for other in state.next:
            if other not in made.states:
                near = suggest(other, made.states)
                fix = f"did you mean '{near}'?" if near else f"write one of {', '.join(made.states)}"
                bad.append(((*at, name, "next", other), "there is no such state", fix))
            elif other == name:
                bad.append(
                    ((*at, name, "next", other), "a state does not follow itself", "raise holds instead")
                )
        if state.next and sum(state.next.values()) != 1:
            whole = units.show_share(sum(state.next.values(), Fraction(0)))
            bad.append(((*at, name, "next"), f"the shares sum to {whole}", "make them sum to 100 %"))
    if len({state.rate is None for state in made.states.values()}) > 1:
        bad.append((at, "some states have times and some a rate", "write the same for all"))
    if not bad and not any(state.times or state.rate for state in made.states.values()):
        bad.append((at, "nothing ever arrives", "give one state times or a rate above 0"))
    if not bad and (lost := _stranded(made)):
        what = f"from {' and from '.join(lost)} some other state is never reached again"
        bad.append((at, what, "mend next: of the states"))
    if bad:
        raise Bad.several(bad)
    return made


def successors(made: Mmpp) -> list[dict[int, Fraction]]:
    """By number of a state: the numbers of those that follow it, with their shares."""
    names = list(made.states)
    return [
        {names.index(other): share for other, share in state.next.items() if share}
        or {(number + 1) % len(names): Fraction(1)}
        for number, state in enumerate(made.states.values())
    ]


def _stranded(made: Mmpp) -> list[str]:
    """States from which some other state is never reached: the chain would have no equilibrium."""
    names, following = list(made.states), successors(made)
    stranded = []
    for number, name in enumerate(names):
        seen, waiting = {number}, [number]
        while waiting:
            for other in following[waiting.pop()]:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        if len(seen) < len(names):
            stranded.append(name)
    return stranded


def _show_process(value: Process) -> Any:
    if isinstance(value, Part):
        return {"renewal" if isinstance(value, Renewal) else "mmpp": dump(value)}
    return value


ProcessOf = Annotated[
    Process, Leaf(_read_process, _show_process, lambda: {"enum": list(PLAIN)}, keyed=_KEYED)
]


# profiles


class Point(Part):
    """An instant of the day or the week, and what the rate is multiplied by there."""

    at: Duration = Field(description="since midnight, or since Monday's midnight", examples=["8 h"])
    times: Number = Field(description="the rate is multiplied by this", examples=[1])


class Curve(Part):
    """Points of a day or a week, joined by straight lines; behind the last it goes on to the first."""

    over: Annotated[
        Literal["day", "week"],
        Leaf(lambda v: choose(v, ("day", "week"), "span"), str, lambda: {"enum": ["day", "week"]}),
    ] = Field("day", description="what repeats itself: day or week")
    points: tuple[Point, ...] = Field(
        description="in the order of time",
        examples=[[{"at": "4 h", "times": 0.2}, {"at": "20 h", "times": 2}]],
    )

    @property
    def span(self) -> int:
        """ns after which it repeats itself."""
        return units.DAY if self.over == "day" else 7 * units.DAY


Profile = tuple[Fraction, ...] | Curve
_PROFILE = "write 24 numbers (a day by hours), 168 (a week from Monday), or {over: day, points: [{at: 8 h, times: 1}]}"


def _read_profile(value: object) -> Profile:
    if isinstance(value, Mapping):
        made = nested(Curve, value)
        bad: list[tuple[tuple[str | int, ...], str, str]] = []
        last = -1
        for number, point in enumerate(made.points):
            if point.at >= made.span:
                bad.append((("points", number, "at"), f"a {made.over} is over by then", "make it earlier"))
            elif point.at <= last:
                bad.append(
                    (("points", number, "at"), "it does not come after the one before", "put them in order")
                )
            last = max(last, point.at)
        if not made.points:
            bad.append((("points",), "there are no points", "write two or more"))
        elif not any(point.times for point in made.points):
            bad.append((("points",), "nothing ever arrives", "write a point above 0"))
        if bad:
            raise Bad.several(bad)
        return made
    if not isinstance(value, list | tuple):
        raise Bad(f"{units.show(value)} is no profile", _PROFILE)
    if len(value) not in (DAY_VALUES, WEEK_VALUES):
        raise Bad(f"{len(value)} values are neither the hours of a day nor of a week", _PROFILE)
    found: list[Fraction] = []
    problems: list[tuple[tuple[str | int, ...], str, str]] = []
    for number, item in enumerate(value):
        try:
            found.append(units.number(item))
        except units.UnitError as error:
            problems.append(((number,), error.what, error.fix))
    if not problems and not any(found):
        problems.append(((), "nothing ever arrives", "write a value above 0"))
    if problems:
        raise Bad.several(problems)
    return tuple(found)


ProfileOf = Annotated[
    Profile,
    Leaf(
        _read_profile,
        lambda value: dump(value) if isinstance(value, Curve) else [show("number", item) for item in value],
        lambda: {
            "type": "array", "items": {"type": "number", "minimum": 0},
            "description": "24 values, or 168 from Monday's midnight",
        },
        (Curve,),
    ),
]  # fmt: skip


class FlashCrowd(Part):
    """A flash crowd: the rate rises to a multiple of itself, stays, and decays."""

    at: Duration = Field(description="when it begins, from run.start", examples=["4 min"])
    ramp: Duration = Field(0, description="how long the rise takes")
    peak: Annotated[Fraction, quantity("number", 1, 1_000_000, note="write 1 to 1,000,000")] = Field(
        description="the rate at its height, as a multiple of what it would be without it", examples=[20]
    )
    hold: Duration = Field(0, description="how long it stays at its height")
    half_life: Duration = Field(
        0, description="how long it takes until half of the crowd has gone, and half of the rest; 0: at once"
    )


# batches


class Geometric(Part):
    """Sizes 1, 2, 3 and on, each so much rarer than the one before."""

    mean: Annotated[Fraction, quantity("number", 1, 1000, note="write 1 to 1000")] = Field(
        description="the mean size", examples=[3]
    )


SizeOf = Annotated[int, quantity("count", 1, LARGEST_BATCH, note=f"write 1 to {LARGEST_BATCH:,}")]


class UniformSizes(Part):
    """Every size between two is equally likely."""

    min: SizeOf = Field(description="the smallest batch", examples=[1])
    max: SizeOf = Field(description="the largest batch", examples=[9])


class Batch(Part):
    """How many calls start together at an arrival: shares by size, or geometric."""

    shares: dict[int, Fraction] = Field({}, description="the share of each size")
    geometric: Geometric | None = Field(None, description="geometric sizes")
    uniform: UniformSizes | None = Field(None, description="uniform sizes")


_BATCH = "write a number, {geometric: {mean: 3}}, {uniform: {min: 1, max: 9}}, or shares such as {1: 90 %, 20: 10 %}"
_SIZES: tuple[tuple[str, type[Part]], ...] = (("geometric", Geometric), ("uniform", UniformSizes))


def _size(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not 1 <= int(text) <= LARGEST_BATCH:
        raise Bad(f"{units.show(value)} is no size of a batch", f"write 1 to {LARGEST_BATCH:,}")
    return int(text)


def _read_batch(value: object) -> Batch:
    if not isinstance(value, Mapping):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Bad(f"{units.show(value)} is no batch", _BATCH)
        return Batch.model_construct(shares={_size(value): Fraction(1)}, geometric=None, uniform=None)
    if any(not str(key).isdecimal() for key in value):
        form, inner = one_key(value, ("geometric", "uniform"), _BATCH)
        if form == "geometric":
            return Batch(geometric=nested(Geometric, inner, form))
        made = nested(UniformSizes, inner, form)
        if made.max < made.min:
            raise Bad("max is below min", "swap them", (form, "max"))
        return Batch(uniform=made)
    found: dict[int, Fraction] = {}
    for key, item in value.items():
        try:
            found[_size(key)] = units.share(item)
        except units.UnitError as error:
            raise Bad(error.what, error.fix, (str(key),)) from None
    if sum(found.values()) != 1:
        whole = units.show_share(sum(found.values(), Fraction(0)))
        raise Bad(f"the shares sum to {whole}", "make them sum to 100 %")
    return Batch.model_construct(shares=dict(sorted(found.items())), geometric=None, uniform=None)


def _show_batch(value: Batch) -> Any:
    if value.geometric:
        return {"geometric": dump(value.geometric)}
    if value.uniform:
        return {"uniform": dump(value.uniform)}
    if len(value.shares) == 1:
        return next(iter(value.shares))
    return {str(size): show("share", share) for size, share in value.shares.items()}


BatchOf = Annotated[
    Batch,
    Leaf(
        _read_batch,
        _show_batch,
        lambda: {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": LARGEST_BATCH},
                {
                    "type": "object", "minProperties": 1, "additionalProperties": False,
                    "patternProperties": {r"^\d+$": {"type": "string", "description": "a share in %"}},
                },
            ]
        },
        keyed=_SIZES,
    ),
]  # fmt: skip
