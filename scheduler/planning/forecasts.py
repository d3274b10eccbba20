"""What a scenario's world looks like ahead: weather to plants, carbon, demand.

The one place that asks `forecasting`. Everything is issued at the horizon's start; the scenarios of
all variables share their axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from forecasting.carbon_record import carbon_from
from forecasting.climate import Climate
from forecasting.demand_record import demand_from
from forecasting.features.sun import Panels
from forecasting.forecast import Forecast, Provenance
from forecasting.ladder import SiteForecast, forecast_site
from forecasting.models.given import forecast_around
from forecasting.own_record import OwnRecord
from forecasting.plant_record import PlantRecord
from forecasting.plants.cooling import CoolingPlant
from forecasting.plants.pv import PvPlant
from forecasting.plants.wind import WindPlant
from forecasting.steps import Steps
from forecasting.weather import SyntheticFeed, SyntheticWeather
from optimizer.horizon import Horizon
from scheduler.errors import InputError
from scheduler.planning.events.knowledge import Knowledge
from scheduler.planning.run import Forecasts
from scheduler.scenario import Scenario
from scheduler.scenario.fields import PowerRecord, Record
from scheduler.scenario.records import hours_in
from scheduler.scenario.services import DemandShape
from scheduler.scenario.sites import PvModelled, Site, WeatherCooling, WindModelled

N_SCENARIOS = 20
CARBON_CORRELATION_H = 24.0
DEMAND_CORRELATION_H = 12.0

CLIMATES = {
    "dakhla": Climate.dakhla,
    "casablanca": Climate.casablanca,
    "western-europe": Climate.western_europe,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Forecasts of a scenario, and the cooling they imply.

    Attributes:
        forecasts: By variable.
        cooling: Weather forecasts of the sites whose cooling follows it.
    """

    forecasts: Forecasts
    cooling: Mapping[str, SiteForecast]


def pv_plant(pv: PvModelled) -> PvPlant:
    """The plant a scenario describes."""
    return PvPlant(
        capacity_kw=pv.capacity_kw,
        dc_ac_ratio=pv.dc_ac_ratio,
        tilt_deg=pv.tilt_deg,
        azimuth_deg=pv.azimuth_deg,
        losses=pv.losses,
        albedo=pv.albedo,
        tracking=pv.tracking,
    )


def wind_plant(wind: WindModelled) -> WindPlant:
    """The farm a scenario describes."""
    return WindPlant(
        capacity_kw=wind.capacity_kw,
        turbine=wind.turbine,
        hub_height_m=wind.hub_height_m,
        losses=wind.losses,
    )


def cooling_plant(cooling: WeatherCooling) -> CoolingPlant:
    """The cooling a scenario describes, its unsaid values as forecasting has them."""
    said = {
        name: value
        for name in ("approach_k", "sea_mean_c", "sea_amplitude_k")
        if (value := getattr(cooling, name)) is not None
    }
    return CoolingPlant(
        kind=cooling.kind,
        p_fixed=cooling.p_fixed,
        p_fan=cooling.p_fan,
        supply_c=cooling.supply_c,
        return_c=cooling.return_c,
        **said,
    )


def look_ahead(scenario: Scenario, issued_at: datetime) -> Outlook:
    """Every forecast a plan of `scenario` needs; of its events, those that touch the weather."""
    knowledge = Knowledge(events=scenario.events, now=issued_at)
    horizon, world = scenario.horizon, scenario.world
    steps = Steps(start=horizon.start, step=horizon.step, n_steps=horizon.n_steps)
    wind: dict[str, Forecast] = {}
    pv: dict[str, Forecast] = {}
    temperature: dict[str, Forecast] = {}
    carbon: dict[str, Forecast] = {}
    weather: dict[str, SiteForecast] = {}
    for name, site in world.sites.items():
        given = scenario.sites[name]
        if site.climate is not None:
            ahead = _weather(name, site, steps, world.seed, knowledge=knowledge)
            try:
                weather[name] = ahead = _recorded(site, ahead, issued_at, steps)
            except ModuleNotFoundError as error:
                raise InputError(
                    f"sites.{name}: to forecast from a record needs the package {error.name}; "
                    "`pip install 'alize[learn]'` adds it"
                ) from None
            temperature[name] = ahead.temperature
            if ahead.wind_power is not None:
                wind[name] = ahead.wind_power
            if ahead.pv_power is not None:
                pv[name] = ahead.pv_power
        for into, kind, series in (
            (wind, "wind_power", given.wind_available_kw),
            (pv, "pv_power", given.pv_available_kw),
        ):
            if series is not None:
                into[name] = Forecast.known(
                    variable=kind,
                    unit="kW",
                    start=horizon.start,
                    step=horizon.step,
                    values=series,
                    provenance=_stated(scenario, issued_at),
                )
        if given.grid is not None:
            carbon[name] = forecast_around(
                given.grid.carbon_g_per_kwh,
                steps,
                name=f"carbon_intensity {name}",
                unit="g/kWh",
                spread=given.grid.carbon_spread,
                correlation_h=CARBON_CORRELATION_H,
                source=scenario.source,
                issued_at=issued_at,
                n_scenarios=N_SCENARIOS,
                seed=world.seed,
            )
            if site.grid is not None and (known := site.grid.carbon.record) is not None:
                carbon[name] = carbon_from(
                    own_record(known, "carbon"), carbon[name], issued_at, steps
                )
    demand = {
        (name, region): forecast_around(
            rps,
            steps,
            name=f"demand {name} {region}",
            unit="1/s",
            spread=service.spread[region],
            correlation_h=DEMAND_CORRELATION_H,
            source=scenario.source,
            issued_at=issued_at,
            n_scenarios=N_SCENARIOS,
            seed=world.seed,
        )
        for name, service in scenario.services.items()
        for region, rps in service.rps.items()
    }
    for (name, region), stated in demand.items():
        said = world.services[name].demand[region]
        if isinstance(said, DemandShape) and said.record is not None:
            past = own_record(said.record, "demand")
            demand[name, region] = demand_from(past, stated, issued_at, steps)
    return Outlook(
        forecasts=Forecasts(
            wind_kw=wind,
            pv_kw=pv,
            temperature_c=temperature,
            carbon_g_per_kwh=carbon,
            demand_rps=demand,
        ),
        cooling=weather,
    )


def climate_of(site: Site) -> Climate:
    """The climate preset a site names."""
    assert site.climate is not None
    return CLIMATES[site.climate]()


def _weather(
    name: str, site: Site, steps: Steps, seed: int, *, knowledge: Knowledge
) -> SiteForecast:
    issued_at = knowledge.now
    assert issued_at is not None
    climate = climate_of(site)
    feed = None
    if site.weather.feed == "synthetic":
        feed = SyntheticFeed(
            world=SyntheticWeather(climate=climate, seed=seed),
            run_at=knowledge.last_heard("weather"),
        )
    span = Horizon(start=steps.start, step=steps.step, n_steps=steps.n_steps)
    return forecast_site(
        climate,
        pv=pv_plant(site.pv) if isinstance(site.pv, PvModelled) else None,
        wind=wind_plant(site.wind) if isinstance(site.wind, WindModelled) else None,
        cooling=cooling_plant(site.cooling) if isinstance(site.cooling, WeatherCooling) else None,
        feed=feed,
        issued_at=issued_at,
        start=steps.start,
        step=steps.step,
        n_steps=steps.n_steps,
        n_scenarios=N_SCENARIOS,
        seed=seed,
        warmer_k=knowledge.warmer_k(name, span),
    )


def _recorded(site: Site, ahead: SiteForecast, issued_at: datetime, steps: Steps) -> SiteForecast:
    """The same weather, the power of plants that have a record forecast from it."""
    pv, wind = site.pv, site.wind
    if isinstance(wind, WindModelled) and wind.record is not None and ahead.wind_power is not None:
        past = _past(wind.record, "wind", wind.capacity_kw)
        ahead = replace(ahead, wind_power=past.wind(ahead.wind_power, issued_at, steps))
    if isinstance(pv, PvModelled) and pv.record is not None and ahead.pv_power is not None:
        panels = Panels(
            latitude_deg=site.latitude_deg,
            longitude_deg=site.longitude_deg,
            tilt_deg=pv.tilt_deg,
            azimuth_deg=pv.azimuth_deg,
            albedo=pv.albedo,
        )
        past = _past(pv.record, "pv", pv.capacity_kw)
        ahead = replace(ahead, pv_power=past.pv(ahead.pv_power, issued_at, steps, panels))
    return ahead


def own_record(record: Record, variable: str, *, capacity: float | None = None) -> OwnRecord:
    """What was measured, as forecasting takes it; `variable` as its door calls it."""
    start, values = hours_in(record)
    return OwnRecord(start=start, values=values, variable=variable, capacity=capacity)


def _past(record: PowerRecord, variable: str, capacity_kw: float) -> PlantRecord:
    return PlantRecord(record=own_record(record, variable, capacity=capacity_kw))


def _stated(scenario: Scenario, issued_at: datetime) -> Provenance:
    return Provenance(
        kind="published",
        source=scenario.source,
        issued_at=issued_at,
        rung="0 stated series",
        reason="the scenario states it",
    )
