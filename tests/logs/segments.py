"""What X-Ray asks of a segment document, from its developer guide ("AWS X-Ray segment documents"), and nothing besides.

The guide names required and optional fields, their types and lengths; a field that it does not name is refused here.
"""

from __future__ import annotations

from typing import Any

ID = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
TEXT = {"type": "string", "maxLength": 250}
SECONDS = {"type": "number", "minimum": 0}
FLAG = {"type": "boolean"}


def _object(required: str, **fields: Any) -> dict[str, Any]:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": fields,
        "additionalProperties": False,
    }


HTTP = _object(
    "",
    request=_object("", method=TEXT, url=TEXT, client_ip=TEXT, user_agent=TEXT),
    response=_object("", status={"type": "integer"}, content_length={"type": "integer", "minimum": 0}),
)
EITHER: dict[str, Any] = {
    "id": ID, "start_time": SECONDS, "end_time": SECONDS, "fault": FLAG, "error": FLAG, "throttle": FLAG, "http": HTTP,
}  # fmt: skip
SUBSEGMENT = _object(
    "name id start_time", **EITHER, name={"type": "string", "minLength": 1, "maxLength": 250},
    namespace={"enum": ["aws", "remote"]},
)  # fmt: skip
SEGMENT = _object(
    "name id trace_id start_time end_time", **EITHER,
    name={"type": "string", "pattern": r"^[\w\s.:/%&#=+\-@]{1,200}$"},
    trace_id={"type": "string", "pattern": "^1-[0-9a-f]{8}-[0-9a-f]{24}$"}, origin=TEXT,
    annotations={
        "type": "object", "maxProperties": 50, "additionalProperties": False,
        "patternProperties": {"^[A-Za-z0-9_]{1,500}$": {"type": ["string", "number", "boolean"], "maxLength": 1000}},
    },
    subsegments={"type": "array", "items": SUBSEGMENT},
)  # fmt: skip
