"""Access logs: what a stage writes of each request, in AWS's own formats or by a template."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf, Part, suggest

FORMATS = {
    "clf": "$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "
    '"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength '
    "$context.requestId $context.extendedRequestId",
    "json": '{ "requestId":"$context.requestId", "extendedRequestId":"$context.extendedRequestId", '
    '"ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", '
    '"requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", '
    '"resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", '
    '"responseLength":"$context.responseLength" }',
    "csv": "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,"
    "$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,"
    "$context.requestId,$context.extendedRequestId",
}
"""Those that AWS's console offers (AG:set-up-logging)."""
SIMULATED = (
    "requestId", "requestTime", "requestTimeEpoch", "identity.sourceIp", "identity.apiKeyId", "httpMethod",
    "resourcePath", "path", "stage", "protocol", "status", "responseLength", "responseLatency", "integrationLatency",
    "integration.status", "integration.integrationStatus", "authorizer.latency", "authorizer.error",
    "error.responseType", "error.message", "isCanaryRequest", "wafResponseCode",
)  # fmt: skip
"""The variables behind `$context.` that have values; any other prints `-`."""
VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
ASKED_BY_AWS = ("requestId", "extendedRequestId")
LONGEST_FORMAT = 3072


def _read_format(value: object) -> str:
    words = ", ".join(FORMATS)
    if not isinstance(value, str):
        raise Bad(
            f"{units.show(value)} is no format", f"write {words}, or a template with $context variables"
        )
    if value in FORMATS:
        return str(value)
    names = VARIABLE.findall(value)
    if not names:
        near = suggest(value, list(FORMATS))
        fix = f"did you mean '{near}'?" if near else f"write {words}, or a template with $context variables"
        raise Bad(f"{units.show(value)} is no format, and has no $context variable", fix)
    if not set(names) & set(ASKED_BY_AWS):
        raise Bad("the template has no request id, which AWS asks for", "add $context.requestId")
    if "\n" in value.rstrip("\n"):
        raise Bad("the template has more than one line", "write it in one line, or fold it with >-")
    if len(value) > LONGEST_FORMAT:
        raise Bad(f"the template has {len(value)} characters", f"AWS allows {LONGEST_FORMAT}")
    return value.rstrip("\n")


def _format_schema() -> dict[str, Any]:
    return {
        "anyOf": [{"enum": list(FORMATS)}, {"type": "string", "pattern": r"\$context\.(extendedR|r)equestId"}]
    }


class AccessLog(Part):
    """An access log: a line for each request that a stage answers."""

    format: Annotated[str, Leaf(_read_format, str, _format_schema)] = Field(
        description="clf, json or csv as AWS's console offers them, or a template with $context variables",
        examples=["json"],
    )

    @property
    def template(self) -> str:
        """What stands in a line, with its variables."""
        return FORMATS.get(self.format, self.format)

    @property
    def unknown(self) -> list[str]:
        """Variables of a template of one's own that are not simulated; AWS's own formats are taken as they are."""
        names = [] if self.format in FORMATS else VARIABLE.findall(self.format)
        return [f"$context.{name}" for name in dict.fromkeys(names) if name not in SIMULATED]
