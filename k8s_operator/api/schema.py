"""From the JSON schema of a pydantic model to the structural schema of a CRD, and between both.

The scenario's own models are the one description of a site; here they are put into the words of a
Kubernetes API: camelCase keys, decimals as text (an API has no floats), lists with named items
where a scenario has mappings, one merged object where it has a choice of two.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Schema = dict[str, Any]

DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$"
LONGEST_DECIMAL = 32
LONGEST_TEXT = 253
MOST_ITEMS = 100
MOST_STEPS = 1440
RULES = "x-kubernetes-validations"


def camel(name: str) -> str:
    """`name` as an API spells it.

    >>> camel("import_limit_kw")
    'importLimitKw'
    """
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def structural(model_schema: Schema, *, defaults: bool = False) -> Schema:
    """The structural schema of a model, from its JSON schema with `$defs`.

    Args:
        model_schema: Of the model.
        defaults: Whether the API server fills in what is left out.
    """
    return _Walk(model_schema.get("$defs", {}), defaults=defaults).structural(model_schema)


def to_api(value: Any, model_schema: Schema, series: Callable[[list[Any]], Schema]) -> Any:
    """A model's plain content as the API holds it.

    Args:
        value: As `model_dump(by_alias=True, exclude_none=True)` gives it.
        model_schema: Of that model.
        series: Frames a list of values with the time they are for.
    """
    return _Walk(model_schema.get("$defs", {})).to_api(value, model_schema, series)


def from_api(value: Any, model_schema: Schema, series: Callable[[Schema], list[Any]]) -> Any:
    """The reverse of `to_api`: plain content a model can be validated from."""
    return _Walk(model_schema.get("$defs", {})).from_api(value, model_schema, series)


def decimal_text(value: float) -> str:
    """`value` as an API writes it, without losing a digit.

    >>> decimal_text(520.0), decimal_text(0.72)
    ('520', '0.72')
    """
    return repr(value).removesuffix(".0")


class _Walk:
    """Goes down a JSON schema whose references are in `$defs`."""

    def __init__(self, definitions: Mapping[str, Schema], *, defaults: bool = False) -> None:
        self._definitions, self._defaults = definitions, defaults

    def _forms(self, schema: Schema) -> list[Schema]:
        """What may stand there: one form, or the branches of a choice, null left out."""
        if "$ref" in schema:
            return self._forms(self._definitions[schema["$ref"].rsplit("/", 1)[-1]])
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches is None:
            return [] if schema.get("type") == "null" else [schema]
        return [form for branch in branches for form in self._forms(branch)]

    def structural(self, schema: Schema) -> Schema:
        forms = self._forms(schema)
        if _is_series(forms):
            found = _series(forms)
        elif len(forms) == 1:
            found = self._form(forms[0])
        else:
            found = self._merged(forms)
        said = schema.get("description") or forms[0].get("description")
        default = schema.get("default")
        if self._defaults and isinstance(default, str | bool | int):
            found = {**found, "default": default}
        rules = schema.get(RULES)
        if rules and RULES not in found:
            found = {**found, RULES: rules}
        return {"description": _clean(said), **found} if said else found

    def _form(self, form: Schema) -> Schema:
        kept = {RULES: form[RULES]} if RULES in form else {}
        match form.get("type"):
            case "object":
                return kept | self._object(form)
            case "array":
                told = [key for key in form if key.startswith("x-kubernetes-list")]
                return kept | {
                    "type": "array",
                    "maxItems": form.get("maxItems", MOST_ITEMS),
                    "items": self.structural(form["items"]),
                    **self._kept(form, ("minItems", *told)),
                }
            case "number":
                return kept | _decimal(form)
            case "integer":
                bounds = self._kept(form, ("minimum", "maximum"))
                return {**kept, "type": "integer", "format": "int64", **bounds}
            case "boolean":
                return kept | {"type": "boolean"}
        text: Schema = {"type": "string", "maxLength": form.get("maxLength", LONGEST_TEXT)}
        for key in ("enum", "pattern", "format", "minLength"):
            if key in form:
                text[key] = form[key]
        if "const" in form:
            text["enum"] = [form["const"]]
        return kept | text

    @staticmethod
    def _kept(form: Schema, keys: Iterable[str]) -> Schema:
        """The entries of `form` under those of the keys that are there."""
        return {key: form[key] for key in keys if key in form}

    def _object(self, form: Schema) -> Schema:
        named = _named(form)
        if named is None:
            properties = {camel(k): self.structural(v) for k, v in form["properties"].items()}
            required = [camel(name) for name in form.get("required", [])]
            return {
                "type": "object",
                "properties": properties,
                **({"required": required} if required else {}),
            }
        item = self.structural(named)
        if item["type"] != "object":
            return {"type": "object", "maxProperties": MOST_ITEMS, "additionalProperties": item}
        name = {"type": "string", "maxLength": 63, "description": "Unique in the list."}
        item["properties"] = {"name": name, **item["properties"]}
        item["required"] = ["name", *item.get("required", [])]
        return {
            "type": "array",
            "maxItems": MOST_ITEMS,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": item,
        }

    def _merged(self, forms: list[Schema]) -> Schema:
        """Every property of a choice of two objects, and the rule that one of them is meant."""
        one, other = (self._object(form) for form in forms)
        marks = [
            next(name for name in form["required"] if name not in against["properties"])
            for form, against in ((one, other), (other, one))
        ]
        first, second = marks
        must = set(one["required"]) & set(other["required"])
        rules = [
            {
                "rule": f"has(self.{first}) != has(self.{second})",
                "message": f"say either {first} or {second}, with what belongs to it",
            }
        ]
        return {
            "type": "object",
            "properties": {**one["properties"], **other["properties"]},
            **({"required": sorted(must)} if must else {}),
            RULES: rules,
        }

    def to_api(self, value: Any, schema: Schema, series: Callable[[list[Any]], Schema]) -> Any:
        forms = self._forms(schema)
        if _is_series(forms):
            if isinstance(value, list | tuple):
                return series([_written(one) for one in value])
            return {"constant": _written(value)}
        form = forms[0] if len(forms) == 1 else self._matching(forms, value.keys(), str)
        match form.get("type"):
            case "object":
                named = _named(form)
                if named is None:
                    return {
                        camel(key): self.to_api(item, form["properties"][key], series)
                        for key, item in value.items()
                    }
                items = {key: self.to_api(item, named, series) for key, item in value.items()}
                plain = self.structural(named)["type"] != "object"
                return items if plain else [{"name": k, **v} for k, v in items.items()]
            case "array":
                return [self.to_api(item, form["items"], series) for item in value]
            case "number":
                return decimal_text(value)
        return value

    def from_api(self, value: Any, schema: Schema, series: Callable[[Schema], list[Any]]) -> Any:
        forms = self._forms(schema)
        if _is_series(forms):
            if "constant" in value:
                return _read(value["constant"])
            return [_read(one) for one in series(value)]
        form = forms[0] if len(forms) == 1 else self._matching(forms, value.keys(), camel)
        match form.get("type"):
            case "object":
                named = _named(form)
                if named is None:
                    snake = {camel(key): key for key in form["properties"]}
                    return {
                        snake.get(key, key): self.from_api(
                            item, form["properties"][snake[key]], series
                        )
                        for key, item in value.items()
                        if key in snake
                    }
                if isinstance(value, list):
                    value = {
                        one["name"]: {k: v for k, v in one.items() if k != "name"} for one in value
                    }
                return {key: self.from_api(item, named, series) for key, item in value.items()}
            case "array":
                return [self.from_api(item, form["items"], series) for item in value]
            case "number":
                return float(value)
        return value

    def _matching(self, forms: list[Schema], keys: Any, spelled: Callable[[str], str]) -> Schema:
        """The one of several objects that has all the keys."""
        given = set(keys)
        for form in forms:
            if {spelled(name) for name in form.get("required", [])} <= given:
                return form
        return forms[0]


def _is_series(forms: list[Schema]) -> bool:
    """A number, a list of them, or a file."""
    return len(forms) > 1 and {"array", "object"} <= {form.get("type") for form in forms}


def _series(forms: list[Schema]) -> Schema:
    number = next(form for form in forms if form["type"] in ("number", "integer"))
    constant = _decimal(number)
    return {
        "type": "object",
        "properties": {
            "constant": {"description": "The same at all times.", **constant},
            "start": {
                "description": "Left edge of the first value's step, in UTC.",
                "type": "string",
                "format": "date-time",
            },
            "stepMinutes": {
                "description": "Length of a step. [min]",
                "type": "integer",
                "format": "int64",
                "minimum": 5,
                "maximum": 1440,
            },
            "values": {
                "description": "One value a step; after the last, its last day repeats.",
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_STEPS,
                "items": {k: v for k, v in constant.items() if k != RULES},
            },
            "issuedAt": {
                "description": "When it was forecast, in UTC; what says none is taken as known.",
                "type": "string",
                "format": "date-time",
            },
        },
        RULES: [
            {
                "rule": "has(self.constant) != has(self.values)",
                "message": "say either constant or values",
            },
            {
                "rule": "!has(self.values) || (has(self.start) && has(self.stepMinutes))",
                "message": "values need start and stepMinutes",
            },
        ],
    }


def _decimal(form: Schema) -> Schema:
    """Text that reads as a decimal number within the bounds of `form`."""
    rules = list(_bounds(form))
    return {
        "type": "string",
        "maxLength": LONGEST_DECIMAL,
        "pattern": DECIMAL,
        **({RULES: rules} if rules else {}),
    }


def _bounds(form: Schema) -> Iterator[Schema]:
    for key, sign, words in (
        ("minimum", ">=", "must be at least"),
        ("exclusiveMinimum", ">", "must be above"),
        ("maximum", "<=", "must be at most"),
        ("exclusiveMaximum", "<", "must be below"),
    ):
        if key in form:
            bound = Decimal(repr(float(form[key])))
            text = f"{bound:f}" if "." in f"{bound:f}" else f"{bound:f}.0"
            told = f"{words} {float(bound):g}"
            if key == "minimum" and bound == 0:
                told = "must not be negative"
            # What is no number at all is refused by its pattern.
            yield {
                "rule": f"!self.matches('^-?[0-9]') || double(self) {sign} {text}",
                "message": told,
            }


def _named(form: Schema) -> Schema | None:
    """What a mapping from names holds; None where the object has fields of its own."""
    if "properties" in form:
        return None
    patterns = form.get("patternProperties")
    found = next(iter(patterns.values())) if patterns else form.get("additionalProperties")
    return found if isinstance(found, dict) else None


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _written(value: Any) -> str:
    return decimal_text(value)


def _read(text: str) -> float | int:
    """A whole number stays one: counts of GPUs are series too."""
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
