"""When steps of a training are recorded as a CUDA graph."""

from types import SimpleNamespace

import pytest
import torch

from pyannote.audio.applications.learner import _graphs
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.ranks import Rank

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def chosen(tmp_path, device=GPU, uniform=True, processes=1, debug=False, graphs="auto"):
    corpus = SimpleNamespace(recipe=SimpleNamespace(task=SimpleNamespace(uniform=uniform)))
    ranks = SimpleNamespace(rank=Rank(0, processes))
    options = TrainOptions(root=tmp_path, protocol="D.SpeakerDiarization.P", debug=debug, graphs=graphs)
    return _graphs(corpus, options, device, ranks)


@pytest.mark.parametrize("graphs", ["auto", "on", "off"])
def test_where_they_can_be_what_is_asked_for_is_done(tmp_path, graphs):
    assert chosen(tmp_path, graphs=graphs) == graphs


OBSTACLES = [{"device": CPU}, {"uniform": False}, {"processes": 2}, {"debug": True}]


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda obstacle: next(iter(obstacle)))
def test_where_they_cannot_be_they_are_off_and_refused_if_asked_for(tmp_path, obstacle):
    assert chosen(tmp_path, **obstacle) == chosen(tmp_path, graphs="off", **obstacle) == "off"
    with pytest.raises(UsageError, match="one process, without --debug") as caught:
        chosen(tmp_path, graphs="on", **obstacle)
    assert caught.value.fix == "Leave --graphs out."
