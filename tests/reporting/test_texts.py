"""Two languages say the same things, each in its own way of writing numbers."""

import string
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from optimizer.problem import Objective
from optimizer.tally import SiteTally
from scheduler.accounting.kpis import Kpis
from scheduler.planning.clauses import Clause
from scheduler.planning.forecasts import look_ahead
from scheduler.reporting.palette import FLOWS
from scheduler.reporting.texts import LANGUAGES, en, fr, language
from scheduler.scenario import load
from scheduler.scenario.builtin import names


def holes(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_catalogues_have_the_same_keys():
    assert set(en.TEXTS) == set(fr.TEXTS)


def test_a_text_has_the_same_holes_in_every_language():
    different = [key for key in en.TEXTS if holes(en.TEXTS[key]) != holes(fr.TEXTS[key])]
    assert different == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_figure_price_and_flow_has_a_name(code):
    texts = language(code).texts
    names = [one.name for one in (*fields(Kpis), *fields(SiteTally)) if one.name != "currency"]
    assert [name for name in names if f"kpi.{name}" not in texts] == []
    assert [flow for flow in FLOWS if f"flow.{flow}" not in texts] == []
    prices = [one.name for one in fields(Objective) if one.name != "currency"]
    assert [price for price in prices if f"price.{price}" not in texts] == []


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        pytest.param(1234567, "1,234,567", "1\u202f234\u202f567", id="thousands"),
        pytest.param(1234.5, "1,234", "1\u202f234", id="no decimals from a hundred up"),
        pytest.param(12.34, "12.3", "12,3", id="one decimal from ten up"),
        pytest.param(-1.239, "−1.24", "−1,24", id="two below, with a true minus"),
        pytest.param(-0.001, "0.00", "0,00", id="no minus before what is written as zero"),
        pytest.param(0.0, "0", "0", id="zero is a whole number"),
        pytest.param(float("nan"), "–", "–", id="nothing is a dash"),
    ],
)
def test_numbers_are_written_as_the_language_does(value, english, french):
    assert language("en").number(value) == english
    assert language("fr").number(value) == french


@pytest.mark.parametrize(
    ("clause", "english", "french"),
    [
        pytest.param(
            Clause(says="cleaner", facts={"kg": -28.74, "money": 44.0, "currency": "MAD"}),
            "waits for cleaner or cheaper energy: −28.7 kg and +44 MAD against a start at once",
            "attend une énergie plus propre ou moins chère\u202f: −28,7 kg et +44 MAD par rapport à"
            " un départ immédiat",
            id="numbers",
        ),
        pytest.param(
            Clause(
                says="waits",
                facts={
                    "limit": Clause(
                        says="gpus",
                        facts={"left": 2, "needed": 8, "at": datetime(2026, 3, 1, 6, tzinfo=UTC)},
                    )
                },
            ),
            "waits: at once, GPUs: 2 of the 8 needed are free at Sun 06:00",
            "attend\u202f; pour partir immédiatement, il n'y a que 2 GPU libres sur les 8"
            " nécessaires, dim. 06:00",
            id="a clause in a clause, and a day",
        ),
    ],
)
def test_a_reason_is_told_in_the_words_and_signs_of_the_language(clause, english, french):
    assert language("en").tell([clause]) == english == str(clause).replace("-", "−")
    assert language("fr").tell([clause]) == french


def said_by(name):
    """All that a built-in world brings into a report in English."""
    scenario = load(name)
    yield from (scenario.world.question, scenario.world.data_note, *scenario.notes)
    forecasts = look_ahead(scenario, scenario.horizon.start).forecasts
    for one in (forecasts.temperature_c, forecasts.carbon_g_per_kwh, forecasts.demand_rps):
        for provenance in (forecast.provenance for forecast in one.values()):
            yield from (provenance.rung, provenance.reason)
            if not provenance.source.endswith(".yaml"):
                yield provenance.source


@pytest.mark.parametrize("name", names())
def test_what_a_built_in_world_says_is_said_in_french(name):
    french, english = language("fr"), language("en")
    for text in said_by(name):
        assert french.quote(text) != text
        assert english.quote(text) == text


def test_what_a_user_says_stays_as_it_is():
    assert language("fr").quote("How much diesel does my ship save?") == (
        "How much diesel does my ship save?"
    )


def test_a_quoted_text_is_translated_with_what_it_quotes_in_turn():
    said = (
        "synthetic weather forecast, world 11; cited climatology of Dakhla (published yearly and"
        " monthly summaries)"
    )
    assert language("fr").quote(said) == (
        "prévision météo synthétique, monde 11\u202f; climatologie de Dakhla avec ses références"
        " (résumés annuels et mensuels publiés)"
    )


def test_money_percent_and_instants_follow_the_language():
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    english, french = language("en"), language("fr")
    assert english.money(5, "MAD", sign=True) == "+5\u00a0MAD"
    assert french.percent(-2.5) == "−2,50\u202f%"
    assert english.instant(noon) == "2026-03-02 12:00"
    assert french.instant(noon) == "02/03/2026 12:00"
    assert english.instant(None) == "–"
