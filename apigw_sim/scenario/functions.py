"""Lambda functions and HTTP backends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from apigw_sim import quotas, units
from apigw_sim.scenario.aliases import LATEST, AliasName, Qualifier, VersionName, Weights
from apigw_sim.scenario.base import NONE, Bad, JsonSchema, Leaf, Part, choose, dump, nested
from apigw_sim.scenario.databases import Asks, Queries
from apigw_sim.scenario.laws import DurationLaw, SizeLaw, Uniform, constant
from apigw_sim.scenario.quantities import Count, Flag, Region, Share, Slowdown, Words, one_of, quantity, show
from apigw_sim.scenario.scaling import AutoScaling, ServerScaling
from apigw_sim.scenario.shares import read_shares, share_schema
from apigw_sim.scenario.variables import VariableName, VariableValue

DEFAULT_RUNTIME = "python3.13"
_LATER = "belongs to a later version; leave it out"


def _statuses_schema() -> JsonSchema:
    shares = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "patternProperties": {"^[2-5][0-9][0-9]$": share_schema()},
    }
    return {"anyOf": [{"type": "integer", "minimum": 200, "maximum": 599}, shares]}


def _show_statuses(value: Mapping[int, Fraction]) -> Any:
    return {str(status): show("share", part) for status, part in value.items()}


def read_statuses(value: object) -> dict[int, Fraction]:
    """The share of each status, in ascending order of the status; `{200: 98 %, 404: rest}`, or one status."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {read_status(value): Fraction(1)}
    if not isinstance(value, Mapping) or not value:
        raise Bad(f"{units.show(value)} is no set of statuses", "write a status, or {200: 98 %, 404: 2 %}")
    return dict(sorted(read_shares(value, read_status).items()))


def read_status(value: object) -> int:
    """An HTTP status from 200 to 599."""
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or not 200 <= int(text[:9]) <= 599:
        raise Bad(f"{units.show(value)} is no HTTP status", "write one from 200 to 599")
    return int(text)


Statuses = Annotated[dict[int, Fraction], Leaf(read_statuses, _show_statuses, _statuses_schema)]
OK: dict[int, Fraction] = {200: Fraction(1)}


class Response(Part):
    """What a function answers when it neither crashes nor answers badly."""

    size: SizeLaw = Field(constant(units.KB), description="the body's size")
    status: Statuses = Field(OK, description="the shares of the statuses, or one status")
    binary: Flag = Field(
        False, description="whether the body is in base64 within the answer, so that 4.5 MB are the most"
    )


class ColdStart(Part):
    """How long a new environment takes: provisioning, then Init."""

    runtime: (
        Annotated[
            str,
            Leaf(
                lambda value: choose(value, quotas.runtimes(), "runtime"),
                str,
                lambda: {"enum": list(quotas.runtimes())},
            ),
        ]
        | None
    ) = Field(None, description="Init as measured for this runtime's hello world on x86")
    provisioning: DurationLaw | None = Field(
        None, description="making the environment; default: assumptions.provisioning"
    )
    init: DurationLaw | None = Field(None, description="Init Duration, instead of a runtime's")


def _read_cold_start(value: object) -> ColdStart | Literal["none"]:
    if value == NONE:
        return NONE
    if not isinstance(value, Mapping):
        raise Bad(
            f"{units.show(value)} is no cold start",
            "write none, {runtime: python3.13}, or {provisioning, init}",
        )
    made = nested(ColdStart, value)
    if made.runtime and made.init:
        raise Bad("runtime and init stand together", "keep one of them")
    if not made.runtime and not made.init:
        raise Bad(
            "neither runtime nor init is given",
            "write {runtime: python3.13}, or {provisioning: ..., init: ...}",
        )
    return made


ColdStartOrNone = Annotated[
    ColdStart | Literal["none"],
    Leaf(
        _read_cold_start,
        lambda value: value if value == NONE else dump(value),
        lambda: {"enum": [NONE]},
        (ColdStart,),
    ),
]


Memory = Annotated[
    int,
    quantity(
        "size",
        quotas.count("lambda_memory_min"),
        quotas.count("lambda_memory_max"),
        step=units.MB,
        note="AWS allows 128 MB to 10240 MB, in steps of 1 MB",
    ),
]
Timeout = Annotated[
    int,
    quantity(
        "duration",
        quotas.count("lambda_timeout_min"),
        quotas.count("lambda_timeout_max"),
        step=units.SECOND,
        note="AWS allows 1 s to 900 s, in whole seconds",
    ),
]
FormatError = Annotated[int, quantity("count", 400, 599, note="write an HTTP status from 400 to 599")]


def _read_formats(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple) or not value:
        raise Bad(f"{units.show(value)} is no list of formats", "write names of formats, such as [v1, v2]")
    for number, name in enumerate(value):
        if not isinstance(name, str) or not name.strip():
            raise Bad(f"{units.show(name)} is no name of a format", "write a word, such as v1", (number,))
        if name in value[:number]:
            raise Bad(f"'{name}' stands twice", "keep one", (number,))
    return tuple(map(str, value))


Formats = Annotated[
    tuple[str, ...],
    Leaf(_read_formats, list, lambda: {"type": "array", "minItems": 1, "items": {"type": "string"}}),
]
_ACCEPTS = "formats of requests that it understands, as clients' calls name them; without it, all"
_EXITS = (
    "of what crashes, how much ends the runtime's process (Runtime.ExitError, out of memory), so that Lambda resets the "
    "environment; an exception that the handler raises does not"
)
_FORMAT_ERROR = "what it answers to a format that it does not accept"


class OtherResponse(Part):
    """What a version answers otherwise than its function."""

    size: SizeLaw | None = Field(None, description="the body's size")
    status: Statuses | None = Field(None, description="the shares of the statuses, or one status")

    later: ClassVar[Mapping[str, str]] = {"binary": "belongs to the function; write it there"}


class Version(Part):
    """A published version of a function: the function's own settings, but for those that stand here."""

    duration: DurationLaw | None = Field(None, description="AWS/Lambda Duration, without Init")
    cold_start: ColdStartOrNone | None = Field(
        None, description="how long a new environment takes before it serves"
    )
    memory: Memory | None = Field(None, description="memory; it decides what an invocation costs")
    timeout: Timeout | None = Field(None, description="after which the function is ended; Init is not in it")
    response: OtherResponse | None = Field(None, description="what it answers")
    crash: Share | None = Field(None, description="invocations that fail: 502 behind REST")
    exit_error: Share | None = Field(None, description=_EXITS)
    malformed: Share | None = Field(
        None, description="of the others, answers that API Gateway cannot read: 502"
    )
    accepts: Formats | None = Field(None, description=_ACCEPTS)
    format_error: FormatError | None = Field(None, description=_FORMAT_ERROR)

    later: ClassVar[Mapping[str, str]] = {
        "reserved_concurrency": "belongs to the function; write it there: AWS applies it over all versions",
        "idle_lifetime": "belongs to the function; write it there",
        "provisioned_concurrency": "belongs to the function; write it there, by version or alias",
        "auto_scaling": "belongs to the function; write it there, by version or alias",
        "event_invoke": "belongs to the function; write it there",
        "database": "belongs to the function; write it there",
        "snap_start": "belongs to the function; write it there: AWS applies it to each version that is published",
    }


class SnapStart(Part):
    """Lambda SnapStart: a new environment of a published version is restored from a snapshot and has no Init."""

    restore: DurationLaw | None = Field(
        None,
        description="what restoring takes, the runtime's loading and hooks included; default: assumptions.snap_start_restore",
    )


class EventInvoke(Part):
    """What Lambda's own queue does with the function's asynchronous invocations."""

    maximum_event_age: Annotated[
        int,
        quantity(
            "duration", quotas.count("lambda_event_age_min"), quotas.count("lambda_event_age"), step=units.SECOND,
            note="AWS allows 60 s to 6 h, in whole seconds",
        ),
    ] = Field(quotas.count("lambda_event_age"), description="how old an event may become before it is given up")  # fmt: skip
    maximum_retry_attempts: Annotated[
        int, quantity("count", 0, quotas.count("lambda_event_retries"), note="AWS allows 0, 1 and 2")
    ] = Field(
        quotas.count("lambda_event_retries"), description="retries of an event that the function has failed"
    )
    on_failure: Words | None = Field(
        None, description="the SQS queue that gets what is given up, a backend; default: it is lost"
    )


class Context(Part):
    """What a function does where its event carries these stage variables: as otherwise, but for what stands here."""

    stage_variables: dict[VariableName, VariableValue] = Field(
        description="the stage variables that its event must have, all of them"
    )
    duration: DurationLaw | None = Field(None, description="AWS/Lambda Duration, without Init")
    response: OtherResponse | None = Field(None, description="what it answers")
    crash: Share | None = Field(None, description="invocations that fail: 502 behind REST")
    malformed: Share | None = Field(
        None, description="of the others, answers that API Gateway cannot read: 502"
    )


class Function(Part):
    """A Lambda function."""

    region: Region | None = Field(None, description="the Region it runs in; default: the account's")
    duration: DurationLaw = Field(description="AWS/Lambda Duration, without Init", examples=["40 ms"])
    cold_start: ColdStartOrNone = Field(
        ColdStart(runtime=DEFAULT_RUNTIME), description="how long a new environment takes before it serves"
    )
    snap_start: SnapStart | None = Field(
        None, description="SnapStart for its published versions; default: they start as cold_start says"
    )
    memory: Memory = Field(
        quotas.count("lambda_memory"), description="memory; it decides what an invocation costs"
    )
    timeout: Timeout = Field(
        quotas.count("lambda_timeout"), description="after which the function is ended; Init is not in it"
    )
    response: Response = Field(Response(), description="what it answers")
    reserved_concurrency: Count | None = Field(
        None, description="concurrency set aside for this function, and its ceiling; 0 stops it"
    )
    provisioned_concurrency: dict[Qualifier, Count] = Field(
        {},
        description="environments kept ready for a version, or for the version that an alias names; 0: none yet",
    )
    auto_scaling: dict[Qualifier, AutoScaling] = Field(
        {},
        description="how Application Auto Scaling changes the provisioned concurrency of a version or an alias",
    )
    idle_lifetime: DurationLaw = Field(
        Uniform(min=5 * units.MINUTE, max=7 * units.MINUTE),
        description="how long an idle environment lives, drawn at its birth",
    )
    database: Queries | None = Field(
        None, description="the database that each invocation queries; default: it queries none"
    )
    event_invoke: EventInvoke = Field(
        EventInvoke(), description="what becomes of asynchronous invocations that fail or find no concurrency"
    )
    crash: Share = Field(
        Fraction(0), description="invocations that fail: 502 behind REST, counted in Lambda's Errors"
    )
    exit_error: Share = Field(Fraction(0), description=_EXITS)
    malformed: Share = Field(
        Fraction(0), description="of the others, answers that API Gateway cannot read: 502"
    )
    accepts: Formats | None = Field(None, description=_ACCEPTS)
    format_error: FormatError = Field(400, description=_FORMAT_ERROR)
    versions: dict[VersionName, Version] = Field(
        {}, description="its published versions by number, each with what it has otherwise than the function"
    )
    aliases: dict[AliasName, Weights] = Field(
        {}, description="its aliases by name, each with the version or the two that it sends invocations to"
    )
    contexts: list[Context] = Field(
        [],
        description="what it does otherwise by the stage variables in its event; the first that fits counts",
    )

    later: ClassVar[Mapping[str, str]] = {
        "architecture": _LATER,
        "destinations": "is called event_invoke here; write event_invoke: {on_failure: QUEUE}",
    }

    def version(self, name: str) -> Function:
        """The function as it stands in one of its versions; `$LATEST` is the function itself."""
        if name == LATEST:
            return self
        said = self.versions[name]
        own = {key: value for key in Version.model_fields if (value := getattr(said, key)) is not None}
        if said.response is not None:
            inner = {key: value for key, value in said.response if value is not None}
            own["response"] = self.response.model_copy(update=inner)
        return self.model_copy(update=own)

    def context(self, variables: Mapping[str, str]) -> int | None:
        """Which of its contexts stage variables make; None: none of them."""
        for number, said in enumerate(self.contexts):
            if said.stage_variables.items() <= variables.items():
                return number
        return None


def formats(functions: Iterable[Function]) -> list[str]:
    """The formats that some function or version accepts, in the order in which they are written."""
    names: dict[str, None] = {}
    for function in functions:
        for accepts in (function.accepts, *(version.accepts for version in function.versions.values())):
            names |= dict.fromkeys(accepts or ())
    return list(names)


class HttpBackend(Part):
    """An HTTP server behind the gateway."""

    latency: DurationLaw = Field(description="its time for a request, once it has begun", examples=["90 ms"])
    concurrency: Annotated[int | Literal["none"], quantity("count", 1, words=(NONE,))] = Field(
        NONE, description="requests it serves at once; none: no limit"
    )
    queue: Count = Field(0, description="requests that may wait; when it is full, its own 503 at once")
    discipline: Annotated[str, one_of("FIFO", "LIFO", noun="discipline")] = Field(
        "FIFO", description="who of the waiting is next: FIFO, the first that came, or LIFO, the last"
    )
    slowdown: Slowdown = Field(
        Fraction(1),
        description="times as long a request takes that finds all other places busy as it starts; a straight line "
        "from 1, which holds for one that is alone",
    )
    database: Asks | None = Field(
        None,
        description="the database that it asks for every request; a request that gets no connection is its own 500",
    )
    auto_scaling: ServerScaling | None = Field(
        None, description="how its concurrency follows its load; default: it has the places that it is given"
    )
    status: Statuses = Field(OK, description="the shares of the statuses it answers, or one status")
    size: SizeLaw = Field(constant(units.KB), description="the body's size")
