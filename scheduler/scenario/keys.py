"""Which keys may stand where: the models, walked along a path of a document.

`--set` asks before it writes, and an unknown key's error asks what was meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from scheduler.scenario.errors import Path
from scheduler.scenario.world import World


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand at one place of a document.

    Attributes:
        models: Mappings with fixed keys.
        named: Values of mappings by free name, such as sites.
        items: Values of lists.
    """

    models: tuple[type[BaseModel], ...] = ()
    named: tuple[Any, ...] = ()
    items: tuple[Any, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Fixed keys, as a scenario writes them."""
        return tuple(
            field.alias or name
            for model in self.models
            for name, field in model.model_fields.items()
        )


ROOT = Place(models=(World,))


def place_at(path: Path) -> Place:
    """What may stand at `path`; nothing where the path leads nowhere."""
    place = ROOT
    for key in path:
        place = below(place, key)
    return place


def below(place: Place, key: str | int) -> Place:
    """What may stand under `key` of `place`."""
    annotations = [
        field.annotation
        for model in place.models
        for name, field in model.model_fields.items()
        if key == (field.alias or name)
    ]
    annotations += place.named
    if isinstance(key, int):
        annotations += place.items
    kinds = [kind for annotation in annotations for kind in _kinds(annotation)]
    return Place(
        models=tuple(k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)),
        named=tuple(get_args(k)[1] for k in kinds if get_origin(k) is dict),
        items=tuple(get_args(k)[0] for k in kinds if get_origin(k) is tuple),
    )


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types `annotation` may be, its unions and metadata taken apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _kinds(one)
    else:
        yield annotation
