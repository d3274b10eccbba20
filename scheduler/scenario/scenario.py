"""A loaded world, with nothing left to look up: what planning works from.

Arrays have one value a step of the horizon and cannot be written to. Local time, files, units and
the generator are behind; weather and its plants are still to be forecast.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.scenario.events import Happening
from scheduler.scenario.jobs import JobSpec
from scheduler.scenario.series import FloatArray
from scheduler.scenario.table import InputFile
from scheduler.scenario.tariff import IntArray
from scheduler.scenario.world import Horizon, World


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSeries:
    """A site's grid connection on the horizon; every array has shape (n_steps,).

    Attributes:
        import_limit_kw: Largest import. [kW]
        export_limit_kw: Largest export. [kW]
        import_price_per_kwh: Energy price; time of use resolved. [money/kWh]
        export_price_per_kwh: Paid to the site. [money/kWh]
        carbon_g_per_kwh: Location-based; where only a yearly mean is known, its shape. [g/kWh]
        carbon_spread: Standard deviation around it, as a share; 0 for a given series. [0..1]
        market_carbon_g_per_kwh: Under contracts; the location's where there are none. [g/kWh]
        billing_month: Local calendar month, numbered from 0, for the demand charge.
    """

    import_limit_kw: FloatArray
    export_limit_kw: FloatArray
    import_price_per_kwh: FloatArray
    export_price_per_kwh: FloatArray
    carbon_g_per_kwh: FloatArray
    carbon_spread: float
    market_carbon_g_per_kwh: FloatArray
    billing_month: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSeries:
    """What a scenario says of a site step by step.

    Attributes:
        grid: None on an island.
        pv_available_kw: None where it follows the weather, or there is no PV. [kW]
        wind_available_kw: None where it follows the weather, or there is no wind. [kW]
        gpus: GPUs in service by type.
    """

    grid: GridSeries | None
    pv_available_kw: FloatArray | None
    wind_available_kw: FloatArray | None
    gpus: Mapping[str, IntArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSeries:
    """Expected requests to a service.

    Attributes:
        rps: By client region, each of shape (n_steps,). [1/s]
        spread: Standard deviation around them by region, as a share. [0..1]
    """

    rps: Mapping[str, FloatArray]
    spread: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world with its files read, its jobs complete and its series on the horizon.

    Two scenarios are equal when they describe the same world, wherever they were read.

    Attributes:
        world: The description; series and tables from files stand in it as numbers.
        jobs: Listed, from tables, generated and of events, in this order.
        sites: By name, step by step.
        services: By name, step by step.
        events: What happens meanwhile, in the order of the list.
        source: File, or built-in world, as the user named it.
        files: What was read beside the scenario.
        notes: What was left out or could not be met on the way; belongs into reports.
    """

    world: World
    jobs: tuple[JobSpec, ...]
    sites: Mapping[str, SiteSeries] = field(compare=False)
    services: Mapping[str, ServiceSeries] = field(compare=False)
    source: str = field(compare=False)
    events: tuple[Happening, ...] = ()
    files: tuple[InputFile, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """Short name of the world."""
        return self.world.name

    @property
    def horizon(self) -> Horizon:
        """The planned span."""
        return self.world.horizon
