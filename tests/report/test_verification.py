"""Pictures show the numbers they were given, and texts lie beside each other."""

import io
import warnings

import numpy as np
import pytest
from scipy.special import ndtri

from pyannote.audio.metrics.clustering import agglomerate, clustering_curve
from pyannote.audio.metrics.verification import det_curve
from pyannote.audio.report.verification import det_figure, distance_figure, purity_coverage_figure


def drawn(figure):
    """Draw, and tell whether all texts have room: no two overlap, none is cut off."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(buffer, format="png", dpi=figure.dpi)
    assert buffer.getvalue().startswith(b"\x89PNG")
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    for axis in figure.axes:
        labels = [axis.xaxis.label, axis.yaxis.label, axis.title]
        shown = [
            label
            for side, limits in ((axis.xaxis, axis.get_xlim()), (axis.yaxis, axis.get_ylim()))
            for label, place in zip(side.get_ticklabels(), side.get_ticklocs(), strict=True)
            if min(limits) <= place <= max(limits)
        ]
        texts += labels + shown
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    for number, (name, box) in enumerate(boxes):
        assert min(box.x0, box.y0) >= -1, name
        assert box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1, name
        assert not [(name, other) for other, place in boxes[number + 1 :] if box.overlaps(place)]


def trials(count, apart, share=0.5):
    rng = np.random.default_rng(0)
    targets = rng.random(count) < share
    return det_curve(rng.normal(size=count) + apart * targets, targets)


@pytest.mark.parametrize("curve", [(2000, 3.5), (20_000, 2.5, 0.1), (40, 3), (50, 20), (800, 0), (10_000, 6)])
def test_error_trade_off(curve):
    curve = trials(*curve)
    figure = det_figure(curve, title="Voices.SpeakerVerification.Trials.test, epoch 20")
    drawn(figure)
    (axis,) = figure.axes
    rate = curve.equal_error_rate().value
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [
        f"equal error rate {rate:.2%}",
        *(f"min DCF {curve.min_dcf(prior).value:.3f} at prior {prior}" for prior in (0.01, 0.05)),
    ]
    lowest, highest = axis.get_xlim()
    assert axis.get_ylim() == (lowest, highest) and len(axis.get_xticks()) > 4
    line = axis.lines[1].get_xydata()
    inside = (curve.false_alarm > 0) & (curve.false_alarm < 1) & (curve.miss > 0) & (curve.miss < 1)
    visible = (line > lowest).all(1) & np.isfinite(line).all(1)
    assert line[visible & inside] == pytest.approx(
        ndtri(np.column_stack([curve.false_alarm, curve.miss]))[visible & inside]
    )
    (point,) = axis.lines[2].get_xydata()
    assert point == pytest.approx(np.full(2, ndtri(rate)).clip(lowest, highest))


def test_error_trade_off_shows_the_rate_of_its_ticks():
    (axis,) = det_figure(trials(2000, 3.5)).axes
    names = [float(label.get_text()) for label in axis.get_xticklabels()]
    assert ndtri(np.array(names) / 100) == pytest.approx(axis.get_xticks())


@pytest.mark.parametrize("threshold", [None, 0.75])
@pytest.mark.parametrize("sizes", [(600, 37_720), (0, 5), (1, 1)])
def test_distances(sizes, threshold):
    rng = np.random.default_rng(0)
    kinds = [rng.normal(mean, 0.1, size) for mean, size in zip((0.4, 0.9), sizes, strict=True)]
    figure = distance_figure(*kinds, threshold, "epoch 20")
    drawn(figure)
    (axis,) = figure.axes
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[:2] == [f"same speaker (n = {sizes[0]:,})", f"different speakers (n = {sizes[1]:,})"]
    assert texts[2:] == ([] if threshold is None else ["threshold 0.750"])
    outlines = [patch for patch in axis.patches if not patch.get_fill()]
    for patch, size in zip(outlines, sizes, strict=True):
        assert patch.get_data().values.sum() == pytest.approx(float(size > 0))


def test_distances_that_are_nan_are_left_out():
    (axis,) = distance_figure([0.1, np.nan], [0.5, np.inf], unit="score").axes
    assert axis.get_xlabel() == "score"
    assert [patch.get_data().values.sum() for patch in axis.patches] == [1, 1, 1, 1]


@pytest.mark.parametrize("turns", [40, 2, 1])
def test_purity_and_coverage(turns):
    rng = np.random.default_rng(1)
    speakers = rng.integers(4, size=turns)
    embeddings = rng.normal(size=(4, 8))[speakers] + 0.6 * rng.normal(size=(turns, 8))
    curve = clustering_curve([agglomerate(embeddings, speakers, rng.uniform(0.2, 4, turns))])
    best = curve.best()
    figure = purity_coverage_figure(curve, best.threshold, "Talks.SpeakerDiarization.Test.development")
    drawn(figure)
    left, right = figure.axes
    for line, values in zip(left.lines, (curve.purity, curve.coverage, curve.f_score), strict=False):
        assert line.get_ydata()[:-1] == pytest.approx(values)
        assert line.get_xdata()[:-1] == pytest.approx(curve.thresholds)
    assert right.lines[-1].get_xydata()[0] == pytest.approx([best.coverage, best.purity])
    assert f"purity {best.purity:.1%}" in left.get_title()
