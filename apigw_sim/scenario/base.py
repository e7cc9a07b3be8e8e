"""What every part of a scenario is made of: frozen parts, and quantities that are read exactly."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from apigw_sim import units

Loc = tuple[str | int, ...]
JsonSchema = dict[str, Any]


class Bad(ValueError):  # noqa: N818 - what is bad in a value, not how the program failed
    """Problems found in one value: each the place within it, what is wrong, what to do."""

    def __init__(self, what: str, fix: str = "", at: Loc = ()) -> None:
        super().__init__(f"{what}; {fix}" if fix else what)
        self.items: list[tuple[Loc, str, str]] = [(at, what, fix)]

    @classmethod
    def several(cls, items: Iterable[tuple[Loc, str, str]]) -> Bad:
        """Several problems of one value in one error."""
        found = list(items)
        error = cls(found[0][1], found[0][2], found[0][0])
        error.items = found
        return error


class Text(str):
    """A string of a scenario that remembers the folder of the file it stands in."""

    __slots__ = ("folder",)
    folder: str

    def __new__(cls, text: str, folder: str) -> Text:
        made = super().__new__(cls, text)
        made.folder = folder
        return made

    def __reduce__(self) -> tuple[type[Text], tuple[str, str]]:
        return (Text, (str(self), self.folder))


class Part(BaseModel):
    """A frozen part of a scenario that forbids unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=False, arbitrary_types_allowed=True
    )

    later: ClassVar[Mapping[str, str]] = {}
    """Keys of a later version or of another place, each with what to say."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        made = handler(schema)
        resolved = handler.resolve_ref_schema(made)
        if cls.later:
            resolved["x-later"] = dict(cls.later)
        defaults = cls.model_construct(
            **{name: None for name in cls.model_fields if cls.model_fields[name].is_required()}
        )
        written = (
            defaults.model_dump(by_alias=True, exclude_none=True, warnings=False)
            if resolved.get("properties")
            else {}
        )
        for name, about in resolved.get("properties", {}).items():
            about.pop("default", None)
            if name in written:
                about["default"] = written[name]
        return made


P = TypeVar("P", bound=Part)
NONE: Literal["none"] = "none"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is read by a function and written back by another.

    `models` are parts that may stand as they are, `keyed` parts under one key that names them, `lists` parts in a list.
    """

    read: Callable[[object], Any]
    show: Callable[[Any], Any]
    schema: Callable[[], JsonSchema | None]
    models: tuple[type[Part], ...] = ()
    keyed: tuple[tuple[str, type[Part]], ...] = ()
    lists: tuple[type[Part], ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(self.show)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        def of(model: type[Part]) -> JsonSchema:
            return model.__get_pydantic_json_schema__(model.__pydantic_core_schema__, handler)

        own = self.schema()
        forms = [] if own is None else list(own.get("anyOf", [own]))
        forms += [of(model) for model in self.models]
        forms += [
            {
                "type": "object",
                "additionalProperties": False,
                "required": [key],
                "properties": {key: of(model)},
            }
            for key, model in self.keyed
        ]
        forms += [{"type": "array", "minItems": 1, "items": of(model)} for model in self.lists]
        return forms[0] if len(forms) == 1 else {"anyOf": forms}

    def _read(self, value: object) -> Any:
        try:
            return self.read(value)
        except units.UnitError as error:
            raise Bad(error.what, error.fix) from None


def dump(part: Part) -> dict[str, Any]:
    """Write a part as YAML would, with its defaults."""
    return part.model_dump(by_alias=True, exclude_none=True)


def or_false(model: type[Part], example: str) -> Leaf:
    """A part, or false."""

    def read(value: object) -> Any:
        if value is False:
            return False
        if not isinstance(value, Mapping | model):
            raise Bad(f"{units.show(value)} is neither false nor a mapping", f"write {example}, or false")
        return nested(model, value)

    return Leaf(
        read, lambda value: value if value is False else dump(value), lambda: {"const": False}, (model,)
    )


def choose(value: object, options: Iterable[str], noun: str) -> str:
    """One of several words, with a suggestion for a misspelt one."""
    known = list(options)
    if isinstance(value, str) and value in known:
        return str(value)
    raise Bad(f"{units.show(value)} is no {noun}", propose(value, known))


def propose(word: object, known: Iterable[str]) -> str:
    """What to do about a word that is not known: the nearest one, or those there are."""
    options = list(known)
    near = suggest(word, options)
    return f"did you mean '{near}'?" if near else listed(options)


def listed(options: Iterable[str]) -> str:
    """What may be written, in words."""
    known = list(options)
    if len(known) > 12:
        return f"write one of {', '.join(known[:8])}, ..."
    if len(known) > 2:
        return f"write {', '.join(known[:-1])} or {known[-1]}"
    return f"write {' or '.join(known)}" if known else ""


def suggest(word: object, known: Iterable[str]) -> str | None:
    """The known word nearest to a misspelt one, or None."""
    options = list(known)
    text = str(word)
    near = difflib.get_close_matches(text, options, 1, 0.6)
    if near:
        return near[0]
    folded = {option.casefold(): option for option in options}
    near = difflib.get_close_matches(text.casefold(), list(folded), 1, 0.7)
    return folded[near[0]] if near else None


def nested(model: type[P], value: object, *at: str | int) -> P:
    """Validate a part within a value that a function reads; its problems keep their place."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = [
            InitErrorDetails(
                type=line["type"], loc=(*at, *line["loc"]), input=line["input"], ctx=line.get("ctx", {})
            )
            for line in error.errors(include_url=False)
        ]
        raise ValidationError.from_exception_data(model.__name__, lines) from None


def nested_list(model: type[P], value: object) -> tuple[P, ...]:
    """Validate a list of parts within a value that a function reads."""
    return TypeAdapter(tuple[model, ...]).validate_python(value)  # type: ignore[valid-type]


def one_key(value: Mapping[Any, Any], forms: Iterable[str], fix: str) -> tuple[str, Any]:
    """The only key of a mapping and what it holds; an unknown or a second key is an error."""
    known = tuple(forms)
    bad: list[tuple[Loc, str, str]] = []
    for key in value:
        if key not in known:
            near = suggest(key, known)
            bad.append(((str(key),), "unknown key", f"did you mean '{near}'?" if near else fix))
    if bad:
        raise Bad.several(bad)
    if len(value) != 1:
        raise Bad(f"{' and '.join(value)} stand together" if value else "the mapping is empty", fix)
    name, inner = next(iter(value.items()))
    return str(name), inner
