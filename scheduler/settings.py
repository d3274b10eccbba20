"""What a person or a machine prefers, whatever is planned: where runs go, when a solve may stop.

A flag wins over the environment (`ALIZE_…`), the environment over `alize.toml` in the working
folder, that over the default. What belongs to the world being planned stands in its scenario.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from scheduler.errors import InputError

PREFIX = "ALIZE_"
FILE = Path("alize.toml")
FLAGS = {
    "runs_dir": "--runs-dir",
    "gap": "--gap",
    "time_limit_s": "--time-limit",
    "output": "-o",
    "seed": "--seed",
}


class Settings(BaseSettings):
    """The settings of the `alize` command."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file=FILE, extra="forbid", frozen=True
    )

    runs_dir: Path = Field(default=Path("runs"), description="Folder of the run folders.")
    gap: float = Field(
        default=0.03,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="Relative gap to the bound that ends a solve. [1]",
    )
    time_limit_s: float = Field(
        default=120.0, gt=0, allow_inf_nan=False, description="Wall time that ends a solve. [s]"
    )
    output: Literal["table", "wide", "json", "yaml"] = Field(
        default="table", description="Form of results."
    )
    seed: int = Field(default=0, ge=0, lt=2**32, description="Of the solver's search orders.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, file; the strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force, with the `flags` that are not None.

    Raises:
        InputError: With one line for each value that cannot be used, and where it came from.
    """
    if FILE.exists() and not FILE.is_file():
        raise InputError(f"{FILE}: is not a file; move it, or start in another folder")
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{FILE}: not valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{FILE}: is not text in UTF-8; save it as such") from None
    except OSError as error:
        raise InputError(f"{FILE}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        lines = [_line(detail, given) for detail in error.errors(include_url=False)]
        raise InputError("\n".join(lines)) from None


def origin(name: str, flags: Mapping[str, Any] | None = None) -> str:
    """Where the value of setting `name` comes from, in words."""
    if flags and flags.get(name) is not None:
        return f"flag {FLAGS[name]}"
    variables = {key.upper(): key for key in os.environ}
    variable = f"{PREFIX}{name}".upper()
    if variable in variables:
        return f"environment {variables[variable]}"
    if FILE.is_file() and name in tomllib.loads(FILE.read_text(encoding="utf-8")):
        return f"file {FILE}"
    return "default"


def _line(detail: Any, flags: Mapping[str, Any]) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else "settings"
    if detail["type"] == "extra_forbidden":
        return f"{FILE}: {name}: no such setting; known: {', '.join(Settings.model_fields)}"
    place = origin(name, flags).split(" ", 1)[-1]
    message = detail["msg"].replace("Input should be", "must be")
    return f"{place}: {name}: {message}, got {detail['input']}"
