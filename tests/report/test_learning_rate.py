"""The picture of a range test shows its curve and what was chosen."""

import io
import math

import numpy as np
import pytest

from pyannote.audio.report.learning_rate import range_test_figure

RATES = np.geomspace(1e-6, 10, 50).tolist()


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=30)
    return buffer.getvalue().startswith(b"\x89PNG")


def test_losses_are_drawn_over_a_logarithmic_axis_with_the_chosen_rate():
    losses = np.interp(np.arange(50), [0, 20, 30, 40, 49], [3, 3, 1, 1, 60]).tolist()
    figure = range_test_figure(RATES, losses, 0.025)
    (axis,) = figure.axes
    raw, smooth, chosen = axis.lines
    assert np.allclose(raw.get_xydata(), np.transpose([RATES, losses]))
    assert np.allclose(smooth.get_xdata(), RATES) and abs(smooth.get_ydata()[35] - 1) < 0.1
    assert list(chosen.get_xdata()) == [0.025, 0.025] and axis.get_xscale() == "log"
    assert "chosen: 0.025" in [text.get_text() for text in axis.get_legend().get_texts()]
    low, high = axis.get_ylim()
    assert low < 1 and 3 < high < 10
    assert drawn(figure)


@pytest.mark.parametrize(
    "losses",
    [[], [math.nan], [0.7], [2.0] * 50, [0.0] * 50, [1.0] * 20 + [math.inf]],
    ids=["none", "nan", "one", "flat", "zero", "diverged"],
)
def test_any_curve_can_be_drawn(losses):
    assert drawn(range_test_figure(RATES[: len(losses)], losses, 0.01))
