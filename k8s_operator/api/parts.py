"""What each part of a resource is: camelCase keys, nothing unknown, rules the server checks."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from k8s_operator.api.schema import camel


class Part(BaseModel):
    """Part of a resource; keys are camelCase."""

    model_config = ConfigDict(alias_generator=camel, populate_by_name=True, extra="forbid")


def rule(text: str, message: str) -> dict[str, Any]:
    """A rule in CEL, and what who breaks it is told."""
    return {"rule": text, "message": message}
