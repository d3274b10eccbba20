"""Which figures a run gets, each with its caption; the page only sets them out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from optimizer.site import Site
from scheduler.planning.run import PlannedRun
from scheduler.reporting import palette
from scheduler.reporting.attach import json_text, specification
from scheduler.reporting.figures import battery, energy, gantt, outlook, waterfall
from scheduler.reporting.figures.axes import Span
from scheduler.reporting.frames.account import WATERFALL
from scheduler.reporting.frames.energy import steps_together
from scheduler.reporting.frames.outlook import VARIABLES
from scheduler.reporting.texts import Language

FIRST_HEIGHT, SITE_HEIGHT, STRIP_HEIGHT = 250, 260, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One drawing.

    Attributes:
        name: Of its element, unique in a page.
        title: Of one drawing among several under a caption.
        note: Small print under the title.
        alt: What it shows, for those who do not see it.
        spec: Vega-Lite, as JSON.
    """

    name: str
    title: str
    alt: str
    spec: Markup
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Drawings side by side or above each other, under one heading and caption.

    Attributes:
        rows: Figures of each row.
    """

    heading: str
    caption: str
    rows: tuple[tuple[Figure, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """One colour of a legend."""

    label: str
    colour: str


class Drawings:
    """The figures of one run in one language."""

    def __init__(self, run: PlannedRun, frames: dict[str, pd.DataFrame], words: Language) -> None:
        """Keep what every figure needs."""
        horizon = run.problem.horizon
        self.run, self.frames, self.words = run, frames, words
        self.span = Span(start=horizon.start, end=horizon.end)
        self.flows = energy.flows_in(frames["energy"])

    def first(self) -> Group:
        """All sites together: plan beside run-now."""
        words, frame = self.words, self.frames["energy"]
        top_kw = energy.highest_kw(frame)
        caption = words.say("figure.first")
        row = tuple(
            self._stack(
                plan,
                None,
                top_kw=top_kw,
                name=f"first-{plan}",
                caption=caption,
                height=FIRST_HEIGHT,
            )
            for plan in ("plan", "run-now")
        )
        return Group(heading="", caption=caption, rows=(row,))

    def legend(self) -> tuple[Swatch, ...]:
        """Colours of the flows that occur."""
        return tuple(
            Swatch(label=self.words.say(f"flow.{flow}"), colour=palette.FLOWS[flow])
            for flow in self.flows
        )

    def job_legend(self) -> tuple[Swatch, ...]:
        """Colours of the Gantt."""
        present = set(self.frames["runs"].get("kind", ()))
        kinds = {f"kind.{kind}": palette.KIND[kind] for kind in palette.KIND if kind in present}
        marks = {
            "mark.run_now": palette.RUN_NOW,
            "mark.due": palette.DUE,
            "mark.deadline": palette.DEADLINE,
        }
        return tuple(
            Swatch(label=self.words.say(key), colour=colour)
            for key, colour in {**kinds, **marks}.items()
        )

    def savings(self) -> Group | None:
        """The waterfalls; None where nothing was computed."""
        if not self.run.waterfall:
            return None
        units = {"emissions_kg": "kg CO2e", "cost": self.run.kpis.currency}
        row = []
        for kpi in WATERFALL:
            title = self.words.say(f"figure.waterfall.{kpi}")
            chart = waterfall.bars(
                self.frames["waterfall"],
                kpi,
                units[kpi],
                words=self.words,
                description=self._alt(title),
            )
            row.append(self._figure(f"waterfall-{kpi}", title, chart))
        return Group(heading="", caption="", rows=(tuple(row),))

    def sites(self) -> Iterator[Group]:
        """Each site's energy, plan beside run-now, over carbon and price."""
        words, frame = self.words, self.frames["energy"]
        n_steps = steps_together(self.run, frame)
        for number, site in enumerate(self.run.problem.sites):
            here = frame[frame["site"] == site.name]
            caption = words.say("figure.energy", site=site.name)
            if n_steps > 1:
                caption += " " + words.say("figure.coarse", n=n_steps)
            top_kw = energy.highest_kw(here)
            stacks = tuple(
                self._stack(
                    plan,
                    site.name,
                    top_kw=top_kw,
                    name=f"energy-{number}-{plan}",
                    caption=caption,
                )
                for plan in ("plan", "run-now")
            )
            rows = [stacks]
            if site.grid:
                rows.append(self._strips(number, site))
            yield Group(heading=site.name, caption=caption, rows=tuple(rows))

    def gantts(self) -> Iterator[Group]:
        """When jobs run, site by site, where there are any."""
        words, jobs = self.words, self.frames["jobs"]
        drawn = self.frames["runs"].get("job", pd.Series(dtype=object)).nunique()
        is_cut = drawn < int(jobs["start_utc"].notna().sum()) if len(jobs) else False
        for number, site in enumerate(self.run.problem.sites):
            if not len(jobs) or not (jobs["site"] == site.name).any():
                continue
            caption = words.say("figure.gantt", site=site.name)
            if site.grid:
                caption += " " + words.say("figure.gantt.carbon")
            if is_cut:
                caption += " " + words.say("figure.gantt.cut")
            chart = gantt.gantt(
                site.name,
                jobs,
                span=self.span,
                words=words,
                has_carbon=site.grid is not None,
                description=self._alt(caption),
            )
            figure = self._figure(f"gantt-{number}", "", chart)
            yield Group(heading=site.name, caption=caption, rows=((figure,),))

    def batteries(self) -> Iterator[Group]:
        """Energy stored and power, where there is a battery."""
        for number, site in enumerate(self.run.problem.sites):
            if site.battery is None:
                continue
            titles = [self.words.say(f"figure.{one}", site=site.name) for one in ("soc", "power")]
            charts = [
                battery.stored(
                    site.name,
                    energy_kwh=site.battery.energy_kwh,
                    span=self.span,
                    words=self.words,
                    description=self._alt(titles[0]),
                ),
                battery.power(
                    site.name,
                    power_kw=site.battery.power_kw,
                    span=self.span,
                    words=self.words,
                    description=self._alt(titles[1]),
                ),
            ]
            row = tuple(
                self._figure(f"battery-{number}-{place}", title, chart)
                for place, (title, chart) in enumerate(zip(titles, charts, strict=True))
            )
            yield Group(heading="", caption="", rows=(row,))

    def forecasts(self) -> Iterator[Group]:
        """Bands of each variable, with what they rest on."""
        words, sources = self.words, self.frames["sources"]
        for variable in VARIABLES:
            here = sources[sources["variable"] == variable] if len(sources) else sources
            row = []
            for one in here.to_dict("records"):
                title = words.say(
                    "figure.band",
                    variable=words.say(f"variable.{variable}"),
                    place=one["place"],
                )
                note = words.say(
                    "figure.band.note",
                    issued=words.instant(one["issued_at_utc"]),
                    rung=words.quote(one["rung"]),
                    kind=words.say(f"origin.{one['kind']}"),
                    source=words.quote(one["source"]),
                )
                chart = outlook.band(
                    one["series"], one["unit"], span=self.span, description=self._alt(title)
                )
                row.append(self._figure(f"forecast-{one['series']}", title, chart, note))
            if row:
                heading = words.say(f"variable.{variable}")
                yield Group(heading=heading, caption="", rows=(tuple(row),))

    def _stack(
        self,
        plan: str,
        site: str | None,
        *,
        top_kw: float,
        name: str,
        caption: str,
        height: int = SITE_HEIGHT,
    ) -> Figure:
        title = self.words.say(f"figure.first.{plan}")
        chart = energy.stack(
            plan,
            site,
            self.flows if site is None else self._flows_at(site),
            top_kw=top_kw,
            span=self.span,
            words=self.words,
            height=height,
            description=self._alt(f"{title}. {caption}"),
        )
        return self._figure(name, title, chart)

    def _flows_at(self, site: str) -> tuple[str, ...]:
        frame = self.frames["energy"]
        return energy.flows_in(frame[frame["site"] == site])

    def _strips(self, number: int, site: Site) -> tuple[Figure, ...]:
        words, currency = self.words, self.run.kpis.currency
        kinds = (
            ("carbon", "carbon_g_per_kwh", words.say("axis.carbon")),
            ("price", "import_price_per_kwh", words.say("axis.price", currency=currency)),
        )
        figures = []
        for name, field, unit in kinds:
            title = words.say(f"figure.{name}")
            chart = energy.strip(
                field,
                site.name,
                unit,
                span=self.span,
                height=STRIP_HEIGHT,
                description=self._alt(f"{title}, {site.name}"),
            )
            figures.append(self._figure(f"{name}-{number}", title, chart))
        return tuple(figures)

    def _alt(self, title: str) -> str:
        return self.words.say("figure.alt", title=title.rstrip("."))

    def _figure(self, name: str, title: str, chart: Any, note: str = "") -> Figure:
        spec = specification(chart)
        return Figure(
            name=name,
            title=title,
            note=note,
            alt=str(spec["description"]),
            spec=json_text(spec),
        )
