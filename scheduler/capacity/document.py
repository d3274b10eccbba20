"""A study as a document for other programs, and as a table for people."""

from dataclasses import asdict
from typing import Any

from optimizer.sizing.sizes import Sizes, YearlyBill, builds
from scheduler.capacity.live import LivedWeek
from scheduler.capacity.question import discounting, investment_of
from scheduler.capacity.sensitivity import Flexibility, Swing
from scheduler.capacity.study import Study
from scheduler.planning.codec import instant_text

UNITS = {"gpus": "GPU", "battery_energy": "kWh"}
BILL = (
    "cost",
    "build",
    "energy",
    "peaks",
    "fuel",
    "wear",
    "emissions_kg",
    "load_kwh",
    "import_kwh",
    "export_kwh",
    "generator_kwh",
    "plants_kwh",
    "curtailed_kwh",
    "gpu_hours",
    "clean_share",
)


def document(
    study: Study,
    points: list[Sizes] | None = None,
    swings: tuple[Swing, ...] = (),
    flexible: Flexibility | None = None,
    lived: tuple[LivedWeek, ...] = (),
) -> dict[str, Any]:
    """All of it, in plain types."""
    investment, gained = investment_of(study.scenario), study.increment
    return {
        "scenario": study.scenario.name,
        "currency": study.scenario.world.currency,
        "basis": "expected",
        "money": "real",
        "discount_rate_real": discounting(investment),
        "exchange_rate": investment.exchange_rate or 1.0,
        "horizon_years": investment.horizon_years,
        "weather_year": investment.weather_year,
        "typical_weeks": study.weeks,
        "sites": {
            at.name: {
                kind: {
                    "size": at.sizes[kind],
                    "unit": UNITS.get(kind, "kW"),
                    "stands": study.usual.of(at.name, kind) if study.usual else None,
                    "most": None if build.most == float("inf") else build.most,
                    "cost_per_unit_year": build.cost_per_unit,
                    "value_per_unit_year": at.value_per_unit[kind],
                }
                for kind, build in builds(site).items()
            }
            for site, at in zip(study.problem.sites, study.sizes.sites, strict=True)
        },
        "year": _bill(study.sizes.bill),
        "business_as_usual": None if study.usual is None else _bill(study.usual.bill),
        "levelised_cost_per_kwh": study.levelised_cost_per_kwh,
        "cost_per_gpu_h": study.cost_per_gpu_h,
        "carbon_value_per_kg": study.sizes.carbon_value_per_kg,
        "increment": None
        if gained is None
        else {
            "npv": gained.npv,
            "irr": gained.irr,
            "payback_years": gained.payback_years,
            "abatement_cost_per_kg": gained.abatement_cost_per_kg,
            "cash_flow": [
                {
                    "year": year,
                    "investment": float(gained.investment[year]),
                    "upkeep": float(gained.upkeep[year]),
                    "saving": float(gained.saving[year]),
                    "tax": float(gained.tax[year]),
                    "cash": float(gained.cash[year]),
                }
                for year in range(len(gained.cash))
            ],
        },
        "front": [
            {"cost": one.bill.cost, "emissions_kg": one.bill.emissions_kg}
            | {at.name: dict(at.sizes) for at in one.sites}
            for one in points or []
        ],
        "tornado": [
            {
                "name": one.name,
                "low": one.low,
                "high": one.high,
                "low_cost": one.low_cost,
                "high_cost": one.high_cost,
            }
            for one in swings
        ],
        "flexibility": None
        if flexible is None
        else {
            "share": flexible.share,
            "rigid_cost": flexible.rigid_cost,
            "percent_per_percent": flexible.percent_per_percent,
        },
        "lived": [asdict(one) | {"start": instant_text(one.start)} for one in lived],
    }


def _bill(bill: YearlyBill) -> dict[str, float]:
    return {name: float(getattr(bill, name)) for name in BILL}


def table(told: dict[str, Any]) -> str:
    """The document for the terminal."""
    money = told["currency"]
    lines = [
        f"{'SITE':<14} {'WHAT':<15} {'STANDS':>12} {'BUILD':>12} {'IN ALL':>12} UNIT  "
        f"ONE MORE SAVES, COSTS ({money}/unit/a)"
    ]
    for name, kinds in told["sites"].items():
        for kind, one in kinds.items():
            stands = one["stands"]
            built = None if stands is None else one["size"] - stands
            lines.append(
                f"{name:<14} {kind.replace('_', ' '):<15} {_number(stands):>12} "
                f"{_number(built):>12} {_number(one['size']):>12} {one['unit']:<4}  "
                f"{one['value_per_unit_year']:,.2f}, {one['cost_per_unit_year']:,.2f}"
            )
    usual = told["business_as_usual"]
    lines += ["", f"{'A YEAR':<30} {'SIZED':>16} {'AS IT STANDS':>16}"]
    rows = (("cost", money), ("emissions_kg", "kg"), ("import_kwh", "kWh"), ("clean_share", "1"))
    for key, unit in rows:
        there = "-" if usual is None else _number(usual[key])
        label = (
            f"{key.split('_')[0]} ({unit})" if key != "clean_share" else "clean, hour by hour (1)"
        )
        lines.append(f"{label:<30} {_number(told['year'][key]):>16} {there:>16}")
    lines.append("")
    lines.append(
        f"{told['levelised_cost_per_kwh']:.4f} {money} a kWh of load, "
        f"{told['cost_per_gpu_h']:.3f} {money} a GPU-hour, real money"
    )
    gained = told["increment"]
    if gained is None:
        lines.append("What stands cannot serve the load: nothing to compare with.")
    else:
        irr, back = gained["irr"], gained["payback_years"]
        lines.append(
            f"Against leaving all as it stands: NPV {gained['npv']:,.0f} {money} over "
            f"{told['horizon_years']} years at {told['discount_rate_real']:.2%} real, IRR "
            f"{'none' if irr is None else f'{irr:.1%}'}, payback "
            f"{'never' if back is None else f'{back:.1f} years'}"
        )
    lines.extend(
        f"front: {point['cost']:,.0f} {money} and {point['emissions_kg']:,.0f} kg a year"
        for point in told["front"]
    )
    lines.extend(
        f"{one['name'].replace('_', ' ')} at {one['low']:g} or {one['high']:g}: "
        f"{_number(one['low_cost'])} or {_number(one['high_cost'])} {money} a year"
        for one in told["tornado"]
    )
    if told["flexibility"]:
        lines.append(_waiting(told["flexibility"], money))
    lines.extend(_week(one, money) for one in told["lived"])
    weeks = told["typical_weeks"]
    on = "the whole year" if weeks is None else f"{weeks} typical weeks"
    after = (
        "weeks stand beside it as lived" if told["lived"] else "nothing of it is lived through yet"
    )
    lines.append(f"Expected, on {on} of {told['weather_year']}; {after}.")
    return "\n".join(lines)


def _week(lived: dict[str, Any], money: str) -> str:
    which = "hardest week" if lived["hardest"] else "week"
    return (
        f"{which} of {lived['start'][:10]} lived through: {_number(lived['cost'])} {money} and "
        f"{_number(lived['emissions_kg'])} kg, known ahead {_number(lived['foresight_cost'])} "
        f"{money} and {_number(lived['foresight_emissions_kg'])} kg; {lived['jobs_late']} late, "
        f"{lived['jobs_unfinished']} unfinished, {_number(lived['unmet_kwh'])} kWh unmet"
    )


def _waiting(flexible: dict[str, Any], money: str) -> str:
    if flexible["rigid_cost"] is None:
        return "If no work could wait, nothing that may be built would serve it."
    per = flexible["percent_per_percent"]
    worth = "" if per is None else f", {per:.3f} % for each % of work that may wait"
    return f"If no work could wait: {_number(flexible['rigid_cost'])} {money} a year{worth}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value + 0.0:,.3f}" if abs(value) < 2 and value else f"{value + 0.0:,.0f}"  # noqa: PLR2004
