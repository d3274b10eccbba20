"""A planned run for the eye: what matters about jobs, then what the horizon comes to.

Reads the JSON document, so that the screen and `-o json` cannot disagree; only the sentence why a
job starts when it does is asked for, and only for the rows shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from scheduler.cli.terminal import amount, duration, moment, percent, print_table

SHOWN_JOBS = 12
SHOWN_CONFLICTS = 8
HEADLINES = {"forecast": "Expected", "simulated": "Simulated", "measured": "Measured"}
NOTHING = "–"
UNSEEN = 1e-6

Placement = Mapping[str, Any]


def print_plan(document: Mapping[str, Any], *, wide: bool, why: Callable[[str], str]) -> None:
    """The plan on stdout; `why` says in a sentence why a job runs when it does."""
    placements = document["placements"]
    shown = sorted(placements, key=_order) if wide else what_matters(placements)
    headers = ["SITE", "JOB", "STARTS", "RUNS", "SAVES", "WHY"]
    if wide:
        headers[2:3] = ["KIND", "GPUS", "STARTS", "ENDS", "LATE", "RUN-NOW"]
    if shown:
        print_table(headers, [_row(document, one, why, wide=wide) for one in shown])
        left = len(placements) - len(shown)
        if left:
            print(f"… and {left} more jobs; -o wide lists every job")
        print()
    for line in summary(document):
        print(line)


def what_matters(placements: Sequence[Placement]) -> list[Placement]:
    """The few jobs worth a line: unfinished, late, then those that save most, by start."""
    ranked = sorted(
        placements,
        key=lambda one: (
            one["state"] == "planned",
            -one["late_h"],
            -(one["saves_kg"] or 0.0),
            one["job"],
        ),
    )
    return sorted(ranked[:SHOWN_JOBS], key=_order)


def summary(document: Mapping[str, Any]) -> Iterator[str]:
    """What the plan comes to, against what, and how sure that is."""
    kpis, solver = document["kpis"], document["solver"]
    plan, savings = kpis["plan"], kpis["savings"]
    days = (_instant(document["horizon"]["end"]) - _start(document)) / timedelta(days=1)
    yield f"{HEADLINES[kpis['basis']]} over {days:g} days: {_figures(plan)}"
    names = ("emissions_kg", "cost", "grid_import_kwh", "useful_work_gpu_h")
    change = {name: _less(savings[name]) for name in names}
    yield (
        f"  {percent(change['emissions_kg'])} CO2e, {percent(change['cost'])} cost, "
        f"{percent(change['grid_import_kwh'])} energy from the grid, "
        f"{percent(change['useful_work_gpu_h'])} useful work"
    )
    yield f"  against run-now (every job at once, at home): {_figures(kpis['baseline'])}"
    if kpis.get("spread") and _is_wide(kpis["spread"]["plan"]["cost"]):
        yield f"  {_ranges(kpis['spread'], plan['currency'])}"
    gain = kpis["energy_efficiency_gain_percent"]
    if gain is None:
        yield f"  energy efficiency: no figure, {kpis['energy_efficiency_gain_reason']}"
    else:
        yield f"  {percent(gain)} energy efficiency (useful work per kWh bought or burnt)"
    issued = _instant(document["provenance"]["issued_at"]).strftime("%a %d %b %Y %H:%M UTC")
    futures = document["futures"]
    gap = (futures or solver)["gap"]
    over = " over all futures" if futures else ""
    yield (
        f"  gap {gap * 100:.1f} %{over}, ended by {solver['stage']}; "
        f"forecast issued {issued}; all times UTC"
    )
    for one in document["services"]:
        if "models" in one:
            yield f"  {_models(one)}"
    if futures:
        yield from _futures(futures, plan["currency"])
    for one in document["shortfalls"]:
        price = f"{one['price_per_unit']:g} {plan['currency']}"
        yield (
            f"Could not be met: {one['name'].replace('_', ' ')}, "
            f"{amount(one['amount'], one['unit'])}, priced at {price} each"
        )
    for one in document["conflicts"][:SHOWN_CONFLICTS]:
        yield f"Why: {one['sentence']}"
    more = len(document["conflicts"]) - SHOWN_CONFLICTS
    if more > 0:
        yield f"… and {more} more reasons; -o json tells them all"
    for note in document["notes"]:
        yield f"Note: {note}"


def _models(service: Mapping[str, Any]) -> str:
    """Who answers a service with variants, and how well in the mean."""
    shares = ", ".join(
        f"{one['model']} {100 * one['share_of_answers']:.0f} %" for one in service["models"]
    )
    return (
        f"{service['service']}: mean quality {service['mean_quality']:.4g} "
        f"(at least {service['quality_floor']:g}), answered by {shares}"
    )


def _futures(futures: Mapping[str, Any], currency: str) -> Iterator[str]:
    """What the plan comes to in the futures it was made for."""
    scenarios = futures["scenarios"]
    tail = f"the worst {futures['cvar_tail'] * 100:g} %"
    yield (
        f"Planned for {len(scenarios)} futures of wind, sun and carbon at once, {tail} counted "
        f"{futures['cvar_weight']:g} beside the mean (cost with carbon and shortfalls at their "
        "prices):"
    )
    yield (
        f"  {amount(futures['mean_cost'], currency)} on the mean, "
        f"{amount(futures['cvar'], currency)} in {tail} (CVaR)"
    )
    told = sorted(scenarios, key=lambda one: -one["cost"])
    each = [f"{amount(one['cost'], currency)} ({one['weight'] * 100:.0f} %)" for one in told]
    yield f"  by future, dearest first, with its weight: {', '.join(each)}"
    worth = amount(futures["value_of_stochastic_solution"], currency)
    yield f"  worth {worth} against the plan of the mean forecast in the same futures"


def _is_wide(figure: Mapping[str, float]) -> bool:
    """Whether a range is more than round-off: forecasts without spread have none."""
    return figure["high"] - figure["low"] > UNSEEN * max(1.0, abs(figure["high"]))


def _ranges(spread: Mapping[str, Any], currency: str) -> str:
    """What forecast errors would make of the plan, were nothing to react."""
    units = {"emissions_kg": "kg CO2e", "cost": currency}
    told = [
        f"{amount(spread['plan'][name]['low'], unit)} to "
        f"{amount(spread['plan'][name]['high'], unit)}"
        for name, unit in units.items()
    ]
    low, high = round(spread["low_level"] * 100), round(spread["high_level"] * 100)
    return (
        f"P{low} to P{high} of {spread['n_scenarios']} scenarios, nothing reacting: "
        f"{', '.join(told)}"
    )


def _figures(kpis: Mapping[str, Any]) -> str:
    jobs = kpis["jobs_late"]
    return (
        f"{amount(kpis['emissions_kg'], 'kg CO2e')}, {amount(kpis['cost'], kpis['currency'])}, "
        f"{jobs} job{'s' * (jobs != 1)} late, {kpis['jobs_unfinished']} unfinished"
    )


def _row(
    document: Mapping[str, Any], one: Placement, why: Callable[[str], str], *, wide: bool
) -> list[str]:
    starts = _moment(document, one["start"])
    saves = NOTHING if one["saves_kg"] is None else amount(one["saves_kg"], "kg")
    row = [one["site"] or NOTHING, one["job"], starts, _runs(one), saves, why(one["job"])]
    if wide:
        late = duration(one["late_h"]) if one["late_h"] else NOTHING
        baseline = NOTHING
        if one["baseline_start"]:
            baseline = f"{one['baseline_site']} {_moment(document, one['baseline_start'])}"
        ends = _moment(document, one["end"])
        row[2:3] = [one["kind"], str(one["gpus"]), starts, ends, late, baseline]
    return row


def _runs(one: Placement) -> str:
    if not one["runs"]:
        return "unfinished"
    hours = sum(
        (_instant(run["end"]) - _instant(run["start"])) / timedelta(hours=1) for run in one["runs"]
    )
    pauses = sum(
        later["start"] != earlier["end"]
        for earlier, later in zip(one["runs"], one["runs"][1:], strict=False)
    )
    return duration(hours) + (f", {pauses} pause{'s' * (pauses > 1)}" if pauses else "")


def _moment(document: Mapping[str, Any], written: str | None) -> str:
    if written is None:
        return NOTHING
    start = _start(document)
    span_days = (_instant(document["horizon"]["end"]) - start) / timedelta(days=1)
    return moment(_instant(written), now=start, span_days=span_days)


def _order(one: Placement) -> tuple[bool, str, str]:
    return one["start"] is None, one["start"] or "", one["job"]


def _start(document: Mapping[str, Any]) -> datetime:
    return _instant(document["horizon"]["start"])


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _less(saved: float | None) -> float | None:
    return None if saved is None else -saved
