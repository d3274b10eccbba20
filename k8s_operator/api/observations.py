"""Where a site's measured power is kept: Prometheus, an address or a ConfigMap."""

from typing import Annotated

from pydantic import ConfigDict, Field

from k8s_operator.api.parts import Part, rule
from k8s_operator.api.schema import RULES, camel


class PrometheusSource(Part):
    """A query to the Prometheus of the operator's settings."""

    query: Annotated[str, Field(min_length=1, max_length=2048)] = Field(
        description="PromQL of one series. [kW]"
    )


class HttpSource(Part):
    """A file behind an address."""

    url: Annotated[str, Field(pattern=r"^https?://", max_length=2048)] = Field(
        description="Answers with CSV: a row of names, then an instant and kW in each row."
    )


class ConfigMapSource(Part):
    """A file in a ConfigMap of the operator's namespace."""

    name: Annotated[str, Field(max_length=253)] = Field(description="Its name.")
    key: Annotated[str, Field(max_length=253)] = Field(
        default="power.csv", description="Of the file, CSV as behind an address."
    )


class Observation(Part):
    """Where a measured power is kept: one of three."""

    model_config = ConfigDict(
        alias_generator=camel,
        populate_by_name=True,
        extra="forbid",
        json_schema_extra={
            RULES: [
                rule(
                    "[has(self.prometheus), has(self.http), has(self.configMap)]"
                    ".exists_one(said, said)",
                    "say one of prometheus, http and configMap",
                )
            ]
        },
    )

    prometheus: PrometheusSource | None = Field(default=None, description="Asks Prometheus.")
    http: HttpSource | None = Field(default=None, description="Reads an address.")
    config_map: ConfigMapSource | None = Field(default=None, description="Reads a ConfigMap.")


class Observations(Part):
    """What is measured at a site."""

    wind: Observation | None = Field(
        default=None, description="Output of the wind farm; forecasts then rest on it."
    )
    pv: Observation | None = Field(
        default=None, description="Output of the PV plant; forecasts then rest on it."
    )
    power: Observation | None = Field(
        default=None, description="What the site draws, at its meter; shown beside the model's."
    )
