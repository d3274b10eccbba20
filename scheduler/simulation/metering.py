"""One site's energy flows in one step, as they come: the load is what it is, wind and sun too.

The battery follows the plan, and meets what surprises the plan by the plan's own value of a stored
kWh: surplus nobody expected is stored, a deficit nobody expected is met by whatever is cheaper. All
else follows the merit order. Nothing here looks ahead.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from optimizer.commitment import down_steps, up_steps
from optimizer.site import Battery, Generator, Site
from optimizer.units import G_PER_KG
from scheduler.simulation.eyes import Meter

#: Share of its power that a battery can count on when it has to come back to where it began.
SURE_SHARE = 0.5
#: Relative difference of two prices below which the plan's word counts and not theirs.
TIE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the plan wants of a site in this step.

    Attributes:
        net_charge_kw: Charge less discharge. [kW]
        stored_per_kwh: What a stored kWh is worth to it. [money/kWh]
        billed_kw: Import that adds nothing to the peak it pays for; infinite without a charge. [kW]
        generator_on: Whether it has the generator run.
        later_load_kwh: Load after this step into which the battery can be emptied. [kWh]
    """

    net_charge_kw: float = 0.0
    stored_per_kwh: float = 0.0
    billed_kw: float = np.inf
    generator_on: bool = False
    later_load_kwh: float = np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One step of one site, at the meter. [kW]

    Attributes:
        plant_used_kw: By plant, in the site's order.
        soc_kwh: Stored at its end. [kWh]
    """

    grid_import_kw: float
    grid_export_kw: float
    plant_used_kw: tuple[float, ...]
    charge_kw: float
    discharge_kw: float
    soc_kwh: float
    generator_kw: float
    load_bank_kw: float
    generator_on: bool
    unmet_kw: float


class _Prices(NamedTuple):
    """What a kWh costs now, carbon included. [money/kWh]"""

    grid: float
    fuel: float


def flow_of(
    site: Site,
    step: int,
    load_kw: float,
    *,
    meter: Meter,
    intent: Intent,
    steps_left: int,
    step_h: float,
    carbon_price_per_kg: float,
) -> Flow:
    """The flows of `site` in `step` under `load_kw`.

    Args:
        site: As it truly is.
        step: Of its series.
        load_kw: Facility power. [kW]
        meter: Its state as the step begins.
        intent: Of the plan.
        steps_left: Steps that come after this one, at whose end the battery is as full as it was
            at the start of everything.
        step_h: [h]
        carbon_price_per_kg: [money/kg CO2e]
    """
    available = [float(plant.available_kw[step]) for plant in site.plants]
    limit_kw = float(site.grid.import_limit_kw[step]) if site.grid else 0.0
    prices = _prices(site, step, carbon_price_per_kg)
    net_kw = load_kw - sum(available)
    charge = 0.0
    if site.battery:
        charge = _charge_kw(
            site.battery,
            net_kw=net_kw,
            limit_kw=limit_kw,
            price=prices.grid if limit_kw else prices.fuel,
            meter=meter,
            intent=intent,
            most_kw=float(site.battery.most_kw(step + 1)[step])
            if site.battery.in_service is None
            else site.battery.power_kw * float(site.battery.in_service[step]),
            load_kw=load_kw,
            steps_left=steps_left,
            step_h=step_h,
        )
    needed = load_kw + charge
    others_kw = sum(available) + limit_kw
    on = False
    least = most = 0.0
    if site.generator:
        wanted = intent.generator_on or needed > others_kw + 1e-9
        wanted = wanted or (limit_kw > 0 and prices.fuel < prices.grid)
        on = _is_on(site.generator, wanted=wanted, meter=meter, step_h=step_h)
        least, most = site.generator.min_load_kw * on, site.generator.power_kw * on
    rest = max(0.0, needed - least)
    used = [0.0] * len(available)
    for p in sorted(range(len(available)), key=lambda p: site.plants[p].carbon_g_per_kwh):
        used[p] = min(available[p], rest)
        rest -= used[p]
    generated, bought = least, 0.0
    sources = [("grid", limit_kw, prices.grid), ("fuel", most - least, prices.fuel)]
    for name, power_kw, _ in sorted(sources, key=lambda one: one[2]):
        taken = min(power_kw, rest)
        rest -= taken
        if name == "grid":
            bought = taken
        else:
            generated += taken
    sold = 0.0
    if site.grid and site.grid.export_limit_kw[step] > 0:
        left = [kw - one for kw, one in zip(available, used, strict=True)]
        sold = min(float(site.grid.export_limit_kw[step]), sum(left))
        sold *= bool(site.grid.export_price_per_kwh[step] >= 0)
        given = sold
        for p, kw in enumerate(left):
            more = min(kw, given)
            used[p] += more
            given -= more
    return Flow(
        grid_import_kw=bought,
        grid_export_kw=sold,
        plant_used_kw=tuple(used),
        charge_kw=max(0.0, charge),
        discharge_kw=max(0.0, -charge),
        soc_kwh=_stored(site.battery, meter.soc_kwh, charge, step_h) if site.battery else 0.0,
        generator_kw=generated,
        load_bank_kw=max(0.0, least - needed),
        generator_on=on,
        unmet_kw=rest,
    )


def _prices(site: Site, step: int, carbon_price_per_kg: float) -> _Prices:
    per_g = carbon_price_per_kg / G_PER_KG
    grid = fuel = np.inf
    if site.grid:
        carbon_g = site.grid.carbon_intensity_g_per_kwh[step]
        grid = float(site.grid.import_price_per_kwh[step] + per_g * carbon_g)
    if site.generator:
        fuel = site.generator.fuel_cost_per_kwh + per_g * site.generator.carbon_g_per_kwh
    return _Prices(grid=grid, fuel=fuel)


def _stored(battery: Battery, soc_kwh: float, charge_kw: float, step_h: float) -> float:
    """Energy stored after `charge_kw`, below zero for a discharge. [kWh]"""
    if charge_kw >= 0:
        return soc_kwh + charge_kw * battery.charge_efficiency * step_h
    return soc_kwh + charge_kw / battery.discharge_efficiency * step_h


def _charge_kw(
    battery: Battery,
    *,
    net_kw: float,
    limit_kw: float,
    price: float,
    meter: Meter,
    intent: Intent,
    most_kw: float,
    load_kw: float,
    steps_left: int,
    step_h: float,
) -> float:
    """Charge of this step; a discharge is below zero. [kW]"""
    value = intent.stored_per_kwh
    if net_kw <= 0:
        # Surplus would be lost: it is stored, and what the plan buys beside it, it buys.
        wish = max(-net_kw, intent.net_charge_kw)
    else:
        wish = _in_deficit(battery, net_kw, price, intent)
    over_kw = net_kw + wish - min(limit_kw, intent.billed_kw)
    if over_kw > 0 and net_kw > 0:
        wish = max(wish - over_kw, min(wish, -net_kw))
    # At a price below nothing even surplus is better lost.
    if value < 0 and net_kw <= 0:
        wish = max(0.0, intent.net_charge_kw)
    reach_kwh = steps_left * SURE_SHARE * battery.power_kw * step_h
    low = max(battery.soc_min_kwh, battery.soc_initial_kwh - reach_kwh * battery.charge_efficiency)
    given_kwh = min(reach_kwh, intent.later_load_kwh)
    high = min(
        battery.energy_kwh, battery.soc_initial_kwh + given_kwh / battery.discharge_efficiency
    )
    after = min(max(_stored(battery, meter.soc_kwh, wish, step_h), low), high)
    stored = after - meter.soc_kwh
    if stored >= 0:
        charge = stored / (battery.charge_efficiency * step_h)
    else:
        charge = stored * battery.discharge_efficiency / step_h
    return float(np.clip(charge, -min(most_kw, load_kw), most_kw))


def _in_deficit(battery: Battery, net_kw: float, price: float, intent: Intent) -> float:
    """What the battery does when wind and sun do not carry the load. [kW]"""
    worth_giving = intent.stored_per_kwh / battery.discharge_efficiency + battery.wear_cost_per_kwh
    worth_buying = intent.stored_per_kwh * battery.charge_efficiency
    if price > worth_giving * (1 + TIE):
        return -net_kw
    if price < worth_buying * (1 - TIE):
        return max(0.0, intent.net_charge_kw)
    return float(np.clip(intent.net_charge_kw, -net_kw, 0.0))


def _is_on(generator: Generator, *, wanted: bool, meter: Meter, step_h: float) -> bool:
    """Whether it runs in this step: wanted or not, its least times are kept."""
    if not generator.has_commitment:
        return True
    steps = meter.generator_h / step_h
    if meter.generator_on:
        return wanted or steps < up_steps(generator, step_h) - 1e-9
    return wanted and steps >= down_steps(generator, step_h) - 1e-9


def next_meter(meter: Meter, flow: Flow, *, new_period: bool, step_h: float) -> Meter:
    """The state after `flow`.

    Args:
        meter: The state before.
        flow: The step.
        new_period: Whether the next step begins a billing period.
        step_h: [h]
    """
    same = flow.generator_on == meter.generator_on
    return replace(
        meter,
        soc_kwh=flow.soc_kwh,
        peak_so_far_kw=0.0 if new_period else max(meter.peak_so_far_kw, flow.grid_import_kw),
        generator_on=flow.generator_on,
        generator_h=(meter.generator_h if same else 0.0) + step_h,
    )
