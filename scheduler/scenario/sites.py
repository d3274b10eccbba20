"""What stands at one metered place, as a scenario writes it down.

Field names carry units; flows are never negative. What the weather makes of a plant is not known
here: a plant is described, or its available power is given.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Strict, Tag
from pydantic_core import PydanticCustomError

from forecasting.plants.wind import power_curve
from scheduler.scenario.fields import (
    Carbon,
    CarbonRecord,
    CarbonSeries,
    Count,
    DailyShape,
    Description,
    Efficiency,
    Flag,
    GpuSeries,
    KwPerGpu,
    Name,
    NonNegative,
    Positive,
    PositiveCount,
    PowerRecord,
    PowerSeries,
    Price,
    PriceSeries,
    Share,
    Text,
    TimeZone,
)


def _turbine(value: str) -> str:
    try:
        power_curve(value)
    except ValueError as error:
        text = str(error).removeprefix("wind.turbine: ")
        raise PydanticCustomError("turbine", "{text}", {"text": text}) from None
    return value


Climate = Literal["dakhla", "casablanca", "western-europe"]
Loss = Annotated[float, Strict(), Field(ge=0, lt=1)]
Celsius = Annotated[float, Strict(), Field(ge=-10, le=60)]
Hours = Annotated[
    str,
    Strict(),
    Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"),
]
Turbine = Annotated[str, Strict(), AfterValidator(_turbine)]
Month = Annotated[int, Strict(), Field(ge=1, le=12)]


class TariffPeriod(Description):
    """Hours of the day with one price."""

    name: Text = Field(description="Such as peak; for people.")
    price_per_kwh: Price = Field(description="[money/kWh]")
    hours: tuple[Hours, ...] = Field(
        min_length=1,
        description="Local time of the site, such as 22:00-07:00; the end is left out.",
    )
    months: tuple[Month, ...] = Field(
        default=tuple(range(1, 13)),
        min_length=1,
        description="Months in which it holds, 1 to 12; all of them unless said.",
    )


class Tariff(Description):
    """What an imported kWh costs: one price, a series, or prices by time of use."""

    price_per_kwh: PriceSeries | None = Field(
        default=None, description="A number, a list with one value a step, or a file. [money/kWh]"
    )
    time_of_use: tuple[TariffPeriod, ...] | None = Field(
        default=None, min_length=1, description="Periods that cover each local minute exactly once."
    )


class DemandCharge(Description):
    """What the highest import of each calendar month (local time) costs."""

    price_per_kw_month: NonNegative = Field(
        description="Paid for each kW of the month's highest mean step. [money/kW]"
    )
    peak_so_far_kw: NonNegative = Field(
        default=0, description="Peak already reached in the first month of the horizon. [kW]"
    )


class GridCarbon(Description):
    """Location-based, average, life-cycle carbon intensity: a series, or a yearly mean."""

    g_per_kwh: CarbonSeries | None = Field(
        default=None, description="A number, a list with one value a step, or a file. [g/kWh]"
    )
    yearly_g_per_kwh: Carbon | None = Field(
        default=None, description="Mean over a year, where no hourly series is known. [g/kWh]"
    )
    daily_shape: DailyShape | None = Field(
        default=None, description="24 factors around the mean, by local hour; they average 1."
    )
    spread: Share | None = Field(
        default=None,
        description="Standard deviation around it, as a share; 0.1 unless said. [0..1]",
    )
    record: CarbonRecord | None = Field(
        default=None, description="What it was; forecasts then rest on it, not on the mean."
    )


class Grid(Description):
    """The site's meter to the grid."""

    import_limit_kw: PowerSeries = Field(description="Largest import. [kW]")
    export_limit_kw: PowerSeries = Field(default=0, description="Largest export. [kW]")
    tariff: Tariff = Field(description="What imported energy costs.")
    export_price_per_kwh: PriceSeries = Field(
        default=0, description="Paid to the site for exported energy. [money/kWh]"
    )
    demand_charge: DemandCharge | None = Field(default=None, description="None unless said.")
    carbon: GridCarbon = Field(description="Carbon intensity of imported energy.")
    market_carbon_g_per_kwh: Carbon | None = Field(
        default=None,
        description="Intensity under the site's contracts; the location's unless said. [g/kWh]",
    )


class PvModelled(Description):
    """A PV plant, its power worked out from the weather."""

    capacity_kw: NonNegative = Field(description="Largest power of the inverters (AC). [kW]")
    dc_ac_ratio: Annotated[float, Strict(), Field(ge=0.5, le=3)] = Field(
        default=1.25, description="Nominal power of the panels over capacity_kw. [1]"
    )
    tilt_deg: Annotated[float, Strict(), Field(ge=0, le=90)] = Field(
        default=22, description="Tilt of fixed panels; trackers turn instead. [deg]"
    )
    azimuth_deg: Annotated[float, Strict(), Field(ge=0, lt=360)] = Field(
        default=180, description="Direction fixed panels face, clockwise from north. [deg]"
    )
    tracking: Literal["fixed", "one-axis"] = Field(
        default="fixed", description="Fixed panels, or one horizontal north-south axis."
    )
    losses: Loss = Field(default=0.14, description="Soiling, wiring, mismatch, downtime. [0..1)")
    albedo: Loss = Field(default=0.3, description="Reflectance of the ground. [0..1)")
    life_cycle_g_per_kwh: Carbon = Field(
        default=48, description="Emissions of making it, for each kWh used. [g/kWh]"
    )
    reserve_share: Share = Field(
        default=0,
        description="Of what is used while no grid can help, what battery and generator must be "
        "able to take over at once. [0..1]",
    )
    record: PowerRecord | None = Field(
        default=None, description="What it gave; forecasts then rest on it, not on the climate."
    )


class WindModelled(Description):
    """A wind farm, its power worked out from the weather."""

    capacity_kw: NonNegative = Field(description="Nominal power of the farm. [kW]")
    turbine: Turbine = Field(
        default="V117/3450", description="Whose power curve to use: a type windpowerlib knows."
    )
    hub_height_m: Annotated[float, Strict(), Field(ge=10, le=200)] = Field(
        default=100, description="[m]"
    )
    losses: Loss = Field(default=0.15, description="Wakes, downtime, wiring, dust. [0..1)")
    life_cycle_g_per_kwh: Carbon = Field(
        default=11, description="Emissions of making it, for each kWh used. [g/kWh]"
    )
    reserve_share: Share = Field(
        default=0,
        description="Of what is used while no grid can help, what battery and generator must be "
        "able to take over at once. [0..1]",
    )
    record: PowerRecord | None = Field(
        default=None, description="What it gave; forecasts then rest on it, not on the climate."
    )


class PlantSeries(Description):
    """A plant whose available power is given, step by step."""

    available_kw: PowerSeries = Field(description="Power before curtailment. [kW]")
    life_cycle_g_per_kwh: Carbon = Field(
        description="Emissions of making it, for each kWh used. [g/kWh]"
    )
    reserve_share: Share = Field(
        default=0,
        description="Of what is used while no grid can help, what battery and generator must be "
        "able to take over at once. [0..1]",
    )


def _plant(value: Any) -> str:
    given = isinstance(value, PlantSeries) or (isinstance(value, dict) and "available_kw" in value)
    return "<series>" if given else "<modelled>"


Pv = Annotated[
    Annotated[PvModelled, Tag("<modelled>")] | Annotated[PlantSeries, Tag("<series>")],
    Discriminator(_plant),
]
Wind = Annotated[
    Annotated[WindModelled, Tag("<modelled>")] | Annotated[PlantSeries, Tag("<series>")],
    Discriminator(_plant),
]


class Battery(Description):
    """A battery behind the meter; it ends the horizon as full as it began."""

    energy_kwh: NonNegative = Field(description="Usable energy between empty and full. [kWh]")
    power_kw: NonNegative = Field(description="Largest charge or discharge, at the meter. [kW]")
    charge_efficiency: Efficiency = Field(
        default=0.95, description="Stored energy per energy taken at the meter. (0..1]"
    )
    discharge_efficiency: Efficiency = Field(
        default=0.95, description="Energy given at the meter per stored energy. (0..1]"
    )
    soc_min: Share = Field(default=0.1, description="Stored share kept in reserve. [0..1]")
    soc_initial: Share = Field(
        default=0.5, description="Stored share at the start, and again at the end. [0..1]"
    )
    wear_cost_per_kwh: NonNegative = Field(
        default=0, description="Cost of each kWh discharged. [money/kWh]"
    )


class Generator(Description):
    """A fuelled generator: off, or between its minimum load and its rating.

    What a running generator must give and nobody takes is burnt in its load bank.
    """

    power_kw: NonNegative = Field(description="Rating. [kW]")
    fuel_cost_per_kwh: NonNegative = Field(description="Per electric kWh. [money/kWh]")
    carbon_g_per_kwh: Carbon = Field(description="Per electric kWh, fuel chain included. [g/kWh]")
    min_load_share: Share = Field(
        default=0, description="Least power while it runs, as a share of power_kw. [0..1]"
    )
    start_cost: NonNegative = Field(default=0, description="Of each start. [money]")
    min_up_h: NonNegative = Field(
        default=0, description="Hours it runs at least, once started. [h]"
    )
    min_down_h: NonNegative = Field(
        default=0, description="Hours it stands at least, once stopped. [h]"
    )
    runs_at_start: Flag = Field(default=False, description="Whether it runs as the horizon begins.")
    hours_so_far: NonNegative | None = Field(
        default=None,
        description="Since when it has been running, or standing; long enough unless said. [h]",
    )


class WeatherCooling(Description):
    """Cooling whose overhead follows the weather.

    With f the share of heat that outdoor air, a wet surface or the sea carries away without a
    compressor, and COP that of the compressor (`forecasting.plants.cooling` has both):

        facility_kw = p_fixed * rated_it_kw + it_kw * (1 + p_fan + (1 - f) / COP)
    """

    kind: Literal["dry", "evaporative", "sea"] = Field(description="What carries the heat away.")
    rated_it_kw: Positive = Field(description="IT power it was built for. [kW]")
    p_fixed: Share = Field(
        default=0.05, description="Drawn whatever runs, as a share of rated_it_kw. [0..1]"
    )
    p_fan: Share = Field(default=0.03, description="Fans and pumps, per IT power. [0..1]")
    supply_c: Celsius = Field(
        default=27, description="Temperature of the air given to the machines. [°C]"
    )
    return_c: Celsius = Field(default=39, description="Temperature of the air they return. [°C]")
    approach_k: Annotated[float, Strict(), Field(ge=0, le=30)] | None = Field(
        default=None,
        description="How near the supply gets to what carries the heat; by kind unless said. [K]",
    )
    sea_mean_c: Celsius | None = Field(
        default=None, description="Yearly mean of the sea, for kind sea; 20 unless said. [°C]"
    )
    sea_amplitude_k: Annotated[float, Strict(), Field(ge=0, le=20)] | None = Field(
        default=None, description="Half its yearly range, for kind sea; 3 unless said. [K]"
    )


class ConstantPue(Description):
    """Cooling and losses as one constant factor on IT power."""

    pue: Annotated[float, Strict(), Field(ge=1, le=4)] = Field(
        description="Facility power over IT power. [1]"
    )
    water_l_per_kwh: Annotated[float, Strict(), Field(ge=0, le=20)] = Field(
        default=0, description="Water for each kWh of IT energy. [l/kWh]"
    )


def _cooling(value: Any) -> str:
    constant = isinstance(value, ConstantPue) or (
        isinstance(value, dict) and "pue" in value and "kind" not in value
    )
    return "<pue>" if constant else "<weather>"


Cooling = Annotated[
    Annotated[WeatherCooling, Tag("<weather>")] | Annotated[ConstantPue, Tag("<pue>")],
    Discriminator(_cooling),
]


class GpuPool(Description):
    """Like GPUs at one site; the pool's name is their type."""

    gpus: GpuSeries = Field(description="GPUs in service; a series shows maintenance.")
    idle_kw_per_gpu: KwPerGpu = Field(
        description="IT power of a GPU nobody uses, its share of the server included. [kW]"
    )
    lease_price_per_gpu_h: NonNegative = Field(
        default=0, description="Paid for each reserved GPU-hour; 0 for one's own. [money/GPU-h]"
    )
    embodied_kg_per_gpu_h: Annotated[float, Strict(), Field(ge=0, le=10)] = Field(
        default=0, description="Share of making it, for each reserved GPU-hour. [kg/GPU-h]"
    )
    committed_gpus: Count = Field(
        default=0, description="GPUs whose lease is paid whether they are reserved or not."
    )
    gpus_per_node: PositiveCount = Field(
        default=1, description="GPUs of a node; a job on whole nodes reserves a multiple of them."
    )
    sleep_kw_per_gpu: KwPerGpu | None = Field(
        default=None,
        description="IT power of a GPU whose node sleeps because nobody needs it; left out, nodes "
        "stand idle. [kW]",
    )
    wake_h: Annotated[float, Strict(), Field(ge=0, le=24)] = Field(
        default=0, description="Time for which a node is awake before it is reserved. [h]"
    )


class Weather(Description):
    """Where the site's weather forecasts come from."""

    feed: Literal["synthetic", "none"] = Field(
        default="none", description="none plans on the climate alone."
    )


class Site(Description):
    """One metered place."""

    latitude_deg: Annotated[float, Strict(), Field(ge=-90, le=90)] = Field(description="[deg]")
    longitude_deg: Annotated[float, Strict(), Field(ge=-180, le=180)] = Field(
        description="East is positive. [deg]"
    )
    altitude_m: Annotated[float, Strict(), Field(ge=-430, le=6000)] = Field(
        default=0, description="[m]"
    )
    timezone: TimeZone = Field(
        description="For tariff hours and shapes, such as Africa/Casablanca."
    )
    climate: Climate | None = Field(
        default=None, description="What is known of the place with no feed at all."
    )
    jurisdiction: Name = Field(description="Whose law holds, as a country code such as MA.")
    certifications: tuple[Name, ...] = Field(
        default=(), description="What the site is certified for, such as health."
    )
    leased: Flag = Field(
        default=False, description="Somebody else's building: each facility kWh counts as bought."
    )
    weather: Weather = Field(default=Weather(), description="Feed of weather forecasts.")
    grid: Grid | None = Field(default=None, description="Left out on an island.")
    pv: Pv | None = Field(default=None, description="PV plant behind the meter.")
    wind: Wind | None = Field(default=None, description="Wind farm behind the meter.")
    battery: Battery | None = Field(default=None, description="Battery behind the meter.")
    generator: Generator | None = Field(default=None, description="Fuelled generator.")
    cooling: Cooling = Field(description="A kind that follows the weather, or a constant pue.")
    pools: dict[Name, GpuPool] = Field(min_length=1, description="By GPU type, such as h100.")
