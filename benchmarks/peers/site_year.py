"""A data centre with sun, wind, a battery and a tariff (of the kind of Carbon Explorer, ASPLOS'23).

Great Britain 2020: two fifths of the load may move within its day. Our closed loop plans every hour
for two days on forecasts of carbon, load, sun and wind whose errors are correlated, and lives
through the hour as it comes. The peer shifts greedily after the surplus and then lets the battery
follow it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from benchmarks.peers.series import google_load, lwa_carbon
from benchmarks.sources import read_all
from optimizer.site import FloatArray
from scheduler.simulation.errors import ErrorField, Issuer

HOURS, DAY_H, WINDOW_H = 8760, 24, 48
SUN_MW, WIND_MW, LOAD_MW, MOST_LOAD_MW, FEED_MW = 30.0, 40.0, 24.0, 30.0, 30.0
FLEXIBLE, BATTERY_MWH, BATTERY_MW = 0.4, 80.0, 240.0
IN, OUT = 0.97, 1 / 1.04
#: Price by hour of the day from each on. [money/MWh]
NIGHT, DAY, EVENING = 60.0, 90.0, 140.0
DAY_FROM, EVENING_FROM, NIGHT_FROM = 6, 17, 22
PEAK_PER_MW = 12_000.0
#: Carbon price of the closed loop. [money/t]
CARBON_PER_T = 50.0
#: Stored energy that plans hold for surprises, as far as an hour of it is worth its price:
#: a new peak costs far more, so that it is used before there is one. [MWh], [money/MWh/h]
RESERVE_MWH, RESERVE_PER_MWH_H = 60.0, 3.0
#: Share of the last month's peak that a new month is expected to reach whatever is done.
EXPECTED_SHARE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The site; arrays of shape (hours,).

    Attributes:
        sun: [MW]
        wind: [MW]
        load: Before anything is moved. [MW]
        carbon: [t/MWh]
        price: [money/MWh]
        month: Billing month, from 0.
    """

    sun: FloatArray
    wind: FloatArray
    load: FloatArray
    carbon: FloatArray
    price: FloatArray
    month: np.ndarray

    @staticmethod
    def of(data: Path) -> "Year":
        """From the production of Great Britain and a cluster's utilisation."""
        columns = ["time_utc", "solar_mw", "wind_offshore_mw", "wind_onshore_mw"]
        mix = read_all(data, "carbon_lets_wait_awhile_2020/production_mix_GB*.parquet", columns)
        steps = pd.date_range("2020-01-01", periods=2 * HOURS, freq="30min", tz="UTC")
        mix = mix.drop_duplicates("time_utc").set_index("time_utc").reindex(steps).ffill()
        wind = (mix["wind_offshore_mw"] + mix["wind_onshore_mw"]).to_numpy(dtype=np.float64)
        hours = steps[::2]
        hour = hours.hour.to_numpy()
        price = np.select(
            [hour < DAY_FROM, hour < EVENING_FROM, hour < NIGHT_FROM], [NIGHT, DAY, EVENING], NIGHT
        )
        return Year(
            sun=_hourly(mix["solar_mw"].to_numpy(dtype=np.float64)) * SUN_MW,
            wind=_hourly(wind) * WIND_MW,
            load=LOAD_MW * (0.5 + 0.5 * google_load(data)[:HOURS]),
            carbon=lwa_carbon(data, "GB")[: 2 * HOURS].reshape(-1, 2).mean(axis=1) / 1000,
            price=price.astype(np.float64),
            month=hours.month.to_numpy() - 1,
        )


def _hourly(values: FloatArray) -> FloatArray:
    means: FloatArray = values.reshape(-1, 2).mean(axis=1)
    shares: FloatArray = means / means.max()
    return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a year came to.

    Attributes:
        cost: Energy and monthly peaks. [money]
        emissions_t: [t]
        grid_mwh: [MWh]
        peak_mw: Highest hour.
    """

    cost: float
    emissions_t: float
    grid_mwh: float
    peak_mw: float


def bill(year: Year, grid: FloatArray) -> Bill:
    """The bill of an import by hour. [MW]"""
    peaks = [float(grid[year.month == month].max()) for month in np.unique(year.month)]
    return Bill(
        cost=float(grid @ year.price) + PEAK_PER_MW * sum(peaks),
        emissions_t=float(grid @ year.carbon),
        grid_mwh=float(grid.sum()),
        peak_mw=max(peaks),
    )


def nothing(year: Year) -> Bill:
    """No battery, no shifting."""
    return bill(year, np.maximum(0.0, year.load - year.sun - year.wind))


def greedy(year: Year) -> Bill:
    """Carbon Explorer's pair: load moved within its day into the surplus, then the battery."""
    own, load = year.sun + year.wind, year.load.copy()
    for day in range(HOURS // DAY_H):
        at = slice(day * DAY_H, (day + 1) * DAY_H)
        _move(load[at], own[at])
    stored, grid = BATTERY_MWH, np.zeros(HOURS)
    for hour, net in enumerate(load - own):
        if net < 0:
            stored += min(-net, BATTERY_MW, (BATTERY_MWH - stored) / IN) * IN
        else:
            given = min(net, BATTERY_MW, stored * OUT)
            stored -= given / OUT
            grid[hour] = net - given
    return bill(year, grid)


def _move(load: FloatArray, own: FloatArray) -> None:
    """Move flexible load of one day, in place, from greatest deficits to greatest surpluses."""
    movable = FLEXIBLE * load
    short = np.maximum(0.0, load - own)
    for hour in np.argsort(-short, kind="stable"):
        for other in np.argsort(load - own, kind="stable"):
            deficit, surplus = load[hour] - own[hour], own[other] - load[other]
            moved = min(movable[hour], deficit, surplus, MOST_LOAD_MW - load[other])
            if moved <= 0:
                break
            load[hour] -= moved
            load[other] += moved
            movable[hour] -= moved


class Planner:
    """The site's linear program over a window, its pattern built once for each length.

    min sum (price + co2 · carbon) grid + peak_price · sum over months (peak - so far) + reserve
    grid + own used + discharge = load + moved in - moved out + charge
    per day: sum moved in = sum moved out;  moved out <= flexible load
    """

    def __init__(self, n_hours: int) -> None:
        """Columns: grid, used, load, charge, discharge, stored, reserve missing, peaks by month."""
        self.n = n_hours

    def solve(
        self,
        *,
        own: FloatArray,
        load: FloatArray,
        cost: FloatArray,
        month: np.ndarray,
        owed: FloatArray,
        day: np.ndarray,
        so_far: FloatArray,
        stored: float,
        end: float,
        reserve: float = 0.0,
    ) -> dict[str, FloatArray]:
        """Flows of the window.

        Args:
            own: Sun and wind. [MW]
            load: Before anything is moved. [MW]
            cost: Of a MWh from the grid.
            month: By hour, from 0.
            owed: By day, energy moved here from its hours before the window. [MWh]
            day: By hour, from 0.
            so_far: Peak by month. [MW]
            stored: Now. [MWh]
            end: Stored at the end at least. [MWh]
            reserve: Stored at all times, or RESERVE_PER_MWH_H is paid for what is missing. [MWh]
        """
        n, n_months, n_days = self.n, len(so_far), len(owed)
        grid, used, run, charge, give, soc, missing = (np.arange(n) + k * n for k in range(7))
        peak = 7 * n + np.arange(n_months)
        width = 7 * n + n_months
        t = np.arange(n)
        one = np.ones(n)
        rows = [t, t, t, t, t]
        columns = [grid, used, give, run, charge]
        values = [one, one, one, -one, -one]
        rows += [n + t, n + t, n + t, n + t[1:]]
        columns += [soc, charge, give, soc[:-1]]
        values += [one, -IN * one, one / OUT, -one[1:]]
        rows.append(2 * n + day)
        columns.append(run)
        values.append(one)
        equal = csr_array(
            coo_array(
                (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
                shape=(2 * n + n_days, width),
            )
        )
        first = np.zeros(n)
        first[0] = stored
        per_day = np.bincount(day, weights=load, minlength=n_days) + owed
        limits = csr_array(
            coo_array(
                (
                    np.concatenate([one, -one, -one, -one]),
                    (
                        np.concatenate([t, t, n + t, n + t]),
                        np.concatenate([grid, peak[month], soc, missing]),
                    ),
                ),
                shape=(2 * n, width),
            )
        )
        least = np.zeros(width)
        least[run] = (1 - FLEXIBLE) * load
        least[soc[-1]] = end
        least[peak] = so_far
        most = np.full(width, np.inf)
        most[grid], most[used], most[run] = FEED_MW, own, MOST_LOAD_MW
        most[charge] = most[give] = BATTERY_MW
        most[soc] = BATTERY_MWH
        price = np.zeros(width)
        price[grid], price[peak], price[missing] = cost, PEAK_PER_MW, RESERVE_PER_MWH_H
        found = linprog(
            price,
            A_ub=limits,
            b_ub=np.append(np.zeros(n), np.full(n, -reserve)),
            A_eq=equal,
            b_eq=np.concatenate([np.zeros(n), first, per_day]),
            bounds=np.column_stack([least, most]),
            method="highs",
        )
        if not found.success:
            raise RuntimeError(f"site-year: {found.message}")
        names = {"grid": grid, "run": run, "charge": charge, "give": give, "soc": soc}
        return {name: found.x[at] for name, at in names.items()}


def bound(year: Year, carbon_per_t: float) -> Bill:
    """The whole year planned at once, with all known."""
    flows = Planner(HOURS).solve(
        own=year.sun + year.wind,
        load=year.load,
        cost=year.price + carbon_per_t * year.carbon,
        month=year.month,
        owed=np.zeros(HOURS // DAY_H),
        day=np.arange(HOURS) // DAY_H,
        so_far=np.zeros(12),
        stored=BATTERY_MWH,
        end=0.0,
    )
    return bill(year, flows["grid"])


def closed_loop(year: Year, seed: int, *, hours: int = HOURS) -> Bill:
    """Every hour a plan of two days on new forecasts; the hour then comes as it comes."""
    seen = _Seen(year, seed)
    stored, peaks = BATTERY_MWH, np.zeros(12)
    moved, grid = 0.0, np.zeros(HOURS)
    for hour in range(hours):
        if hour % DAY_H == 0:
            moved = 0.0
        ahead = min(WINDOW_H, HOURS - hour)
        at = slice(hour, hour + ahead)
        sun, wind, load, carbon = seen.issue(hour)
        own = (sun + wind)[:ahead]
        months, month = np.unique(year.month[at], return_inverse=True)
        day = np.arange(hour, hour + ahead) // DAY_H
        owed = np.zeros(int(day[-1] - day[0]) + 1)
        owed[0] = moved
        left = DAY_H - hour % DAY_H
        # A window that ends within a day may leave nothing moved over its end.
        load = load[:ahead]
        owed[0] = _possible(owed[0], load[:left])
        flows = Planner(ahead).solve(
            own=own,
            load=load,
            cost=year.price[at] + CARBON_PER_T * carbon[:ahead],
            month=month,
            owed=owed,
            day=day - day[0],
            so_far=np.maximum(peaks[months], _expected(peaks, months)),
            stored=stored,
            end=0.0,
            reserve=RESERVE_MWH,
        )
        shift = float(flows["run"][0] - load[0])
        net = float(flows["charge"][0] - flows["give"][0])
        limit = max(float(flows["grid"].max()), float(peaks[year.month[hour]]))
        truth_load = float(year.load[hour])
        last = left == 1
        run = truth_load + shift
        if last:
            run = truth_load + moved
        run = float(np.clip(run, (1 - FLEXIBLE) * truth_load, MOST_LOAD_MW))
        moved -= run - truth_load
        need = run - float(year.sun[hour] + year.wind[hour])
        stored, bought = _balanced(need, net, stored, limit)
        grid[hour] = bought
        peaks[year.month[hour]] = max(peaks[year.month[hour]], bought)
    return bill(year, grid)


def _expected(peaks: FloatArray, months: np.ndarray) -> FloatArray:
    """What each of `months` is expected to reach, from the month before. [MW]"""
    before: FloatArray = EXPECTED_SHARE * np.where(months > 0, peaks[months - 1], 0.0)
    return before


def _possible(owed: float, load: FloatArray) -> float:
    """What is owed, within what the rest of the day can make good. [MWh]"""
    most = float((MOST_LOAD_MW - load).sum())
    least = -FLEXIBLE * float(load.sum())
    return float(np.clip(owed, least + 1e-9, most - 1e-9))


def _balanced(need: float, net: float, stored: float, limit: float) -> tuple[float, float]:
    """Stored energy after an hour, and what was bought: the battery meets what surprises. [MWh]

    Surplus is stored; a deficit beyond the plan's peak is met by the battery while it lasts.
    """
    want = max(net, -need) if need < 0 else max(min(net, limit - need), -need)
    if want >= 0:
        charge = min(want, BATTERY_MW, (BATTERY_MWH - stored) / IN)
        charge = min(charge, FEED_MW - need)
        return stored + charge * IN, max(0.0, need + charge)
    given = min(-want, BATTERY_MW, stored * OUT, max(0.0, need))
    return stored - given / OUT, max(0.0, need - given)


class _Seen:
    """Forecasts of the four series, issued hour by hour."""

    def __init__(self, year: Year, seed: int) -> None:
        series = (
            (year.sun, True),
            (year.wind, False),
            (year.load, False),
            (year.carbon, False),
        )
        self._issuers = [
            Issuer(
                truth=truth,
                field=ErrorField(n_steps=WINDOW_H, step_h=1.0, rng=np.random.default_rng(one)),
                mean=float(truth.mean()),
                zero_stays=night,
            )
            for (truth, night), one in zip(
                series, np.random.SeedSequence(seed).spawn(len(series)), strict=True
            )
        ]

    def issue(self, hour: int) -> list[FloatArray]:
        """Sun, wind, load and carbon of the window from `hour` on."""
        return [issuer.issue(hour) for issuer in self._issuers]
