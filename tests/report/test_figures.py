"""Pictures show what they were given."""

import io

import numpy as np
import pytest
import torch

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.report.figures import batch_figure, event_roll

SPECS = Specifications("Dcase", {"X": 6}, ("car", "people walking"), 2.0, 0.01, 16000).of_model(9)


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=30)
    return buffer.getvalue()


@pytest.mark.parametrize(("batch", "columns"), [(1, 1), (3, 3), (9, 4)])
def test_inputs_targets_and_scores_of_the_first_chunks(batch, columns):
    features, targets = torch.randn(batch, 200, 6), torch.rand(batch, 22, 2).round()
    logits = torch.randn(batch, 22, 2)
    figure = batch_figure(features, targets, logits, SPECS)
    axes = np.array(figure.axes).reshape(3, columns)
    for column in range(columns):
        shown = [axis.images[0].get_array() for axis in axes[:, column]]
        assert np.allclose(shown[0], features[column].T)
        assert np.allclose(shown[1], targets[column].T)
        assert np.allclose(shown[2], torch.sigmoid(logits[column]).T)
    assert axes[0, 0].images[0].get_extent()[1] == 2.0
    assert [label.get_text() for label in axes[1, 0].get_yticklabels()] == list(SPECS.classes)
    assert drawn(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("scores", [None, np.linspace(0, 1, 20, dtype=np.float32).reshape(10, 2)])
@pytest.mark.parametrize("reference", [None, [], [(1.0, 4.0, "car"), (0.0, 10.0, "people walking")]])
def test_events_lie_in_the_row_of_their_class(scores, reference):
    estimate = [(2.0, 3.5, "car"), (5.0, 6.0, "car")]
    figure = event_roll("a001", SPECS.classes, 10.0, estimate, reference, scores, step=1.0)
    (axis,) = figure.axes
    assert axis.get_title() == "a001" and axis.get_xlim() == (0, 10.0)
    rows = dict(zip((label.get_text() for label in axis.get_yticklabels()), axis.get_yticks(), strict=True))
    spans = [path.get_extents() for found in axis.collections for path in found.get_paths()]
    for onset, offset, label in [*estimate, *(reference or [])]:
        assert any(
            np.allclose([box.x0, box.x1], [onset, offset])
            and box.y0 <= rows[label] + 0.5
            and box.y1 >= rows[label] - 0.45
            for box in spans
        )
    assert len(spans) == len(estimate) + len(reference or [])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert ("annotated" in legend) == (reference is not None)
    assert ("score" in legend) == (scores is not None)
    assert drawn(figure).startswith(b"\x89PNG")
