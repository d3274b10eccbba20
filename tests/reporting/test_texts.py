"""Two languages say the same things, each in its own way of writing numbers."""

import string
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from optimizer.problem import Objective
from optimizer.tally import SiteTally
from scheduler.accounting.kpis import Kpis
from scheduler.reporting.palette import FLOWS
from scheduler.reporting.texts import LANGUAGES, en, fr, language


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


def test_money_percent_and_instants_follow_the_language():
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    english, french = language("en"), language("fr")
    assert english.money(5, "MAD", sign=True) == "+5\u00a0MAD"
    assert french.percent(-2.5) == "−2,50\u202f%"
    assert english.instant(noon) == "2026-03-02 12:00"
    assert french.instant(noon) == "02/03/2026 12:00"
    assert english.instant(None) == "–"
