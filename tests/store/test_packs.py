"""Chunks gathered on a device, compared with loops over frames and with the pack of the host."""

import numpy as np
import pytest
import torch

from pyannote.audio.store.packs import Pack, TensorPack, fits
from pyannote.audio.store.rows import rows

LENGTHS = (7, 1, 30)
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="GPU"))]


def pack_of(lengths=LENGTHS, dimension=3):
    data = np.random.default_rng(0).standard_normal((sum(lengths), dimension), dtype=np.float32)
    return Pack(data, np.cumsum([0, *lengths]), np.zeros((len(lengths), dimension), np.float32))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("frames", [1, 4, 50])
def test_chunks_are_rows_of_their_recording_and_its_last_row_ever_after(device, frames):
    pack = pack_of()
    moved = TensorPack.of(pack, torch.device(device))
    starts = np.arange(len(pack.data))
    chunks = moved.gather(moved.places(starts), frames, np.random.default_rng(0))
    assert chunks.device.type == device
    for start, chunk in zip(starts, chunks.cpu().numpy(), strict=True):
        last = min(end for end in pack.offsets[1:] if end > start) - 1
        expected = [pack.data[min(start + index, last)] for index in range(frames)]
        assert np.array_equal(chunk, expected)


def test_both_packs_give_the_same_and_take_both_kinds_of_places():
    pack = pack_of()
    moved, random = TensorPack.of(pack, torch.device("cpu")), np.random.default_rng(0)
    starts = np.array([[0, 5, 6], [7, 8, 37]])
    for own, places in ((pack, starts), (moved, starts), (moved, moved.places(starts))):
        for row in range(2):
            chunks = own.gather(places[row], 4, random)
            assert torch.equal(chunks, pack.gather(torch.from_numpy(starts[row]), 4, random))


def test_a_chunk_is_a_copy():
    pack = pack_of()
    moved = TensorPack.of(pack, torch.device("cpu"))
    moved.gather(np.array([0]), 4, np.random.default_rng(0)).fill_(1e9)
    assert np.array_equal(moved.frames.numpy(), pack_of().data)


def test_a_pack_stays_on_the_cpu_and_moves_to_other_devices():
    pack = pack_of()
    assert pack.to(torch.device("cpu")) is pack and pack.device.type == "cpu"
    moved = pack.to(torch.device("meta"))
    assert moved.device.type == "meta"
    # whatever is drawn, all of it takes place there
    chunks = moved.gather(moved.places(np.array([0, 9])), 5, np.random.default_rng(0))
    assert (chunks.device.type, chunks.shape) == ("meta", (2, 5, 3))


def test_features_leave_room_for_the_network(monkeypatch):
    pack, gpu = pack_of(), torch.device("cuda")
    for free, enough in ((2 * pack.data.nbytes, True), (2 * pack.data.nbytes - 1, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 10 * free))
        assert fits(pack, gpu) == enough
        assert fits(pack, torch.device("cpu"))


def test_rows_are_those_that_indexing_gives():
    values, index = torch.randn(9, 4), torch.randint(9, (3, 5))
    assert torch.equal(rows(values, index), values[index])
    labels = torch.randint(2, (9, 4), dtype=torch.uint8)
    assert torch.equal(rows(labels, index), labels[index])
