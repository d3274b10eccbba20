"""What may be built, what it costs and how long it lives: the ground of a sizing study.

What stands in `sites` stands already. A kind named here may grow from there, up to `most`; a kind
that is not named stays as it is. Money is in the world's currency unless another is stated with its
rate. Nothing here changes how the world is planned.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict

from scheduler.scenario.fields import (
    Description,
    Flag,
    Name,
    NonNegative,
    Positive,
    Share,
    Text,
)

Years = Annotated[int, Strict(), Field(ge=1, le=60)]
Rate = Annotated[float, Strict(), Field(ge=0, le=0.5)]
Currency = Annotated[str, Strict(), Field(pattern="^[A-Z]{3}$")]


class Asset(Description):
    """A thing that can be built: its price, its life, its limits."""

    capex: Positive = Field(description="Price of a unit, built. [money/unit]")
    capex_low: Positive | None = Field(
        default=None, description="Low end of its range, for sensitivity. [money/unit]"
    )
    capex_high: Positive | None = Field(default=None, description="High end. [money/unit]")
    opex_per_year: NonNegative = Field(default=0, description="Upkeep of a unit. [money/unit/year]")
    lifetime_years: Years = Field(description="After which it is bought again. [years]")
    learning_per_year: Rate = Field(
        default=0, description="By how much its price falls each year. [0..0.5]"
    )
    degradation_per_year: Rate = Field(
        default=0, description="Output it loses each year, of the first year's. [0..0.5]"
    )
    embodied_kg: NonNegative = Field(
        default=0, description="Emissions of making a unit. [kg CO2e/unit]"
    )
    most: NonNegative | None = Field(
        default=None, description="Most there may be in all, what stands included. [unit]"
    )
    keep_existing: Flag = Field(
        default=True, description="false starts from nothing, whatever stands at the site."
    )
    source: Text = Field(default="", description="Where the numbers come from.")


class SiteInvestment(Description):
    """What may be built at a site; the unit is kW unless said."""

    pv: Asset | None = Field(default=None, description="Like the site's pv, by the kW.")
    wind: Asset | None = Field(default=None, description="Like the site's wind, by the kW.")
    battery_power: Asset | None = Field(default=None, description="Inverters, by the kW.")
    battery_energy: Asset | None = Field(default=None, description="Cells, by the kWh.")
    grid: Asset | None = Field(default=None, description="Connection, by the kW of import.")
    generator: Asset | None = Field(default=None, description="By the kW.")
    gpus: Asset | None = Field(
        default=None, description="GPUs with their share of server and hall, by the GPU."
    )
    grid_clean_share: Share = Field(
        default=0, description="Of the grid's energy, free of carbon, for hourly match. [0..1]"
    )


class Investment(Description):
    """What may be built, and how money counts."""

    currency: Currency | None = Field(
        default=None, description="Of the prices here; the world's unless said."
    )
    exchange_rate: Positive | None = Field(
        default=None, description="World's money for one unit of that currency. [1]"
    )
    exchange_source: Text = Field(default="", description="Whose rate, of which day.")
    discount_rate: Rate = Field(description="Cost of capital (WACC). [0..0.5]")
    basis: Literal["real", "nominal"] = Field(
        description="Whether discount_rate is in money of today, or holds inflation."
    )
    inflation: Rate = Field(default=0, description="Of all prices. [0..0.5]")
    tax_rate: Share = Field(default=0, description="On profit. [0..1]")
    depreciation_years: Years = Field(
        default=10, description="Over which investment is written off for tax. [years]"
    )
    horizon_years: Years = Field(default=20, description="Years the study looks at. [years]")
    weather_year: Annotated[int, Strict(), Field(ge=1980, le=2100)] = Field(
        default=2025, description="Calendar year whose hours are planned."
    )
    carbon_limit_kg: NonNegative | None = Field(
        default=None, description="Most that grid and generator may emit a year. [kg CO2e/year]"
    )
    carbon_price_per_kg: NonNegative | None = Field(
        default=None, description="Instead of the policy's, in the world's money. [money/kg CO2e]"
    )
    clean_share: Share | None = Field(
        default=None, description="Least share of load met hour by hour without carbon. [0..1]"
    )
    sites: dict[Name, SiteInvestment] = Field(
        min_length=1, description="What may be built, by site."
    )
