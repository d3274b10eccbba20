"""Investment arithmetic against sums made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.capacity import finance


@pytest.mark.parametrize(
    ("rate", "years", "factor"),
    [
        pytest.param(0.10, 1, 1.10, id="one year pays all with its interest"),
        # 0.1 / (1 - 1 / 1.21) = 0.1 * 1.21 / 0.21
        pytest.param(0.10, 2, 0.121 / 0.21, id="two years at a tenth"),
        pytest.param(0.0, 4, 0.25, id="no interest, equal parts"),
    ],
)
def test_an_annuity_pays_back_with_interest(rate, years, factor):
    assert finance.annuity_factor(rate, years) == pytest.approx(factor)


@given(rate=st.floats(0, 0.3), years=st.integers(1, 40))
def test_the_present_value_of_an_annuity_is_what_was_lent(rate, years):
    payments = [0.0, *[finance.annuity_factor(rate, years)] * years]
    assert finance.npv(rate, payments) == pytest.approx(1)


def test_the_present_value_by_hand():
    """-100 + 55 / 1.1 + 60.5 / 1.21 = -100 + 50 + 50."""
    assert finance.npv(0.1, [-100, 55, 60.5]) == pytest.approx(0)
    assert finance.irr([-100, 55, 60.5]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "flows",
    [
        pytest.param([100.0, 10.0], id="nothing is laid out"),
        pytest.param([-100.0, 230.0, -132.0], id="two rates, 10 and 20 %"),
        pytest.param([0.0, 0.0], id="nothing at all"),
    ],
)
def test_no_rate_is_told_where_none_or_more_than_one_is(flows):
    assert finance.irr(flows) is None


def test_payback_counts_from_the_last_time_below_nothing():
    """-100, -40, 20, -20 (a replacement of 100), 40: a third of the fourth year's 60."""
    assert finance.payback_years([-100, 60, 60, -40, 60]) == pytest.approx(3 + 1 / 3)
    assert finance.payback_years([-100, 20, 20]) is None
    assert finance.payback_years([0, 20]) == 0


def test_a_discounted_payback_is_later():
    """-100 + 100: at 10 % the first 110 are worth 100."""
    assert finance.payback_years([-100, 110], rate=0.1) == pytest.approx(1)
    assert finance.payback_years([-100, 110]) == pytest.approx(100 / 110)


def test_what_ends_is_bought_again_cheaper_and_its_rest_comes_back():
    """Life 2, horizon 3: 100 now, 100 * 0.9 ** 2 = 81 in year 2, of which half is left."""
    flows = finance.outlays(100, 2, 3, learning=0.1)
    assert flows == pytest.approx([100, 0, 81, -40.5])


def test_the_yearly_cost_over_one_life_is_the_annuity_and_the_upkeep():
    cost = finance.annual_cost(1000, 10, 10, 0.05, upkeep=7)
    assert cost == pytest.approx(1000 * finance.annuity_factor(0.05, 10) + 7)


@given(
    rate=st.floats(0.01, 0.2),
    inflation=st.floats(0, 0.1),
    flow=st.lists(st.floats(-9, 9), min_size=1),
)
def test_real_and_nominal_give_the_same_present_value(rate, inflation, flow):
    real = finance.real_rate(rate, inflation)
    assert finance.npv(rate, finance.nominal(flow, inflation)) == pytest.approx(
        finance.npv(real, flow), abs=1e-9
    )


def test_losses_are_carried_before_tax_is_owed():
    """-50, +30 (20 left), +40: tax on 20."""
    assert finance.tax(np.array([-50.0, 30.0, 40.0]), 0.5) == pytest.approx([0, 0, 10])


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: finance.annuity_factor(0.1, 0), id="annuity"),
        pytest.param(lambda: finance.outlays(1, 0, 5), id="lifetime"),
        pytest.param(lambda: finance.straight_line(1, 0, 5), id="depreciation"),
        pytest.param(lambda: finance.levelised_cost(0.1, [1.0], [0.0]), id="no energy"),
        pytest.param(lambda: finance.coverage(np.ones(1), 0, 0.1, 1), id="no debt"),
    ],
)
def test_what_has_no_meaning_is_refused(call):
    with pytest.raises(ValueError, match="got 0"):
        call()
