"""Models that learn a distribution: what each of them must keep."""

import numpy as np
import pytest

from forecasting.models.analogs import AnalogEnsemble
from forecasting.models.blend import Members
from forecasting.models.boosted import BoostedQuantiles
from forecasting.models.forest import QuantileForest
from forecasting.models.linear_analogs import LinearAnalogs
from forecasting.quantiles import at_levels, averaged, of_sample
from forecasting.scores import crps_from_quantiles

LEVELS = np.arange(1, 20) / 20
RECIPES = [
    AnalogEnsemble(n_neighbours=40),
    LinearAnalogs(n_neighbours=40),
    BoostedQuantiles(n_trees=40),
    QuantileForest(n_trees=30),
]


def noisy_line(n, seed):
    """y = x + noise that grows with x; the second feature says nothing."""
    rng = np.random.default_rng(seed)
    features = rng.uniform(0, 1, (n, 2))
    noise = rng.normal(size=n) * (0.02 + 0.08 * features[:, 0])
    return features, np.clip(0.1 + 0.7 * features[:, 0] + noise, 0, 1)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
class TestEveryModel:
    def test_it_beats_quantiles_of_all_the_past(self, recipe):
        features, target = noisy_line(1500, seed=0)
        new, truth = noisy_line(300, seed=1)
        ours = recipe.fit(features, target).quantiles(new, LEVELS)
        usual = np.repeat(np.quantile(target, LEVELS)[:, None], 300, axis=1)
        score, reference = (crps_from_quantiles(truth, q, LEVELS).mean() for q in (ours, usual))
        assert score < 0.5 * reference

    def test_its_band_holds_about_what_it_says(self, recipe):
        features, target = noisy_line(1500, seed=0)
        new, truth = noisy_line(600, seed=1)
        found = recipe.fit(features, target).quantiles(new, np.array([0.1, 0.9]))
        assert 0.70 <= np.mean((truth >= found[0]) & (truth <= found[1])) <= 0.95

    def test_quantiles_neither_cross_nor_leave_capacity(self, recipe):
        features, target = noisy_line(800, seed=0)
        far = np.array([[-1.0, 0.0], [0.5, 9.0], [3.0, 0.5]])
        found = recipe.fit(features, target).quantiles(far, LEVELS)
        assert (np.diff(found, axis=0) >= -1e-12).all()
        assert (found >= 0).all()
        assert (found <= 1).all()

    def test_the_same_history_gives_the_same_forecast(self, recipe):
        features, target = noisy_line(600, seed=0)
        one, two = (recipe.fit(features, target).quantiles(features[:9], LEVELS) for _ in "ab")
        np.testing.assert_array_equal(one, two)

    def test_a_gap_in_the_weather_is_refused_not_guessed(self, recipe):
        features, target = noisy_line(600, seed=0)
        fitted = recipe.fit(features, target)
        broken = features[:5].copy()
        broken[3, 1] = np.nan
        with pytest.raises(ValueError, match="first row 3; send rows without weather to a lower"):
            fitted.quantiles(broken, LEVELS)
        with pytest.raises(ValueError, match="target must be finite"):
            recipe.fit(features, np.where(target > 0.5, np.nan, target))


def test_analogs_name_the_hours_that_speak():
    features = np.arange(10.0)[:, None]
    fitted = AnalogEnsemble(n_neighbours=3).fit(features, features[:, 0])
    assert sorted(fitted.nearest(np.array([[4.0]]))[1][0]) == [3, 4, 5]


def test_levels_are_read_linearly_and_tails_reach_the_bounds():
    held = np.array([0.2, 0.8])
    found = at_levels(np.array([[0.4], [0.7]]), held, np.array([0.1, 0.5, 0.9]), lower=0, upper=1)
    assert found.ravel() == pytest.approx([0.2, 0.55, 0.85])


def test_averaging_quantiles_does_not_widen_them():
    one, two = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    assert averaged([one, two], [0.5, 0.5]).ravel() == pytest.approx([1, 2])


def test_a_draw_stands_in_the_middle_of_its_probability():
    found = of_sample(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]), np.array([0.25, 0.5, 0.75]))
    assert found.ravel() == pytest.approx([1, 2, 3])


def test_weights_go_half_way_to_the_model_that_was_right():
    truth = {"a": np.full(50, 0.3)}
    right, wrong = np.full((19, 50), 0.3), np.full((19, 50), 0.9)
    members = Members(names=("right", "wrong"), quantiles={"a": (right, wrong)}, levels=LEVELS)
    assert members.weights(truth) == pytest.approx([0.75, 0.25])
