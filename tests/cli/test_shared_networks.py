"""The same networks in trainings for detection and for embedding: the task decides what they give."""

import numpy as np
import pytest
import torch
import yaml

VOXCELEB = "VoxCeleb.SpeakerVerification.VoxCeleb1"
SMALL = {
    "PyanNet": {"recurrent": [8], "linear": [8], "dimension": 8},
    "XVector": {"channels": [8, 8, 8, 8, 12], "dimension": 8},
    "Crnn": {"channels": [4, 4, 4], "recurrent": 8, "hidden": 8, "dimension": 8},
    "SincNet": {"channels": [8, 6, 6], "dimension": 8},
}


def use(path, name):
    """Change the network of a configuration, and the features, if it reads waveforms."""
    config = yaml.safe_load(path.read_text())
    config["architecture"] = {"name": name, "params": SMALL[name]}
    if name == "SincNet":
        config["feature_extraction"] = {"name": "RawAudio", "params": {"sample_rate": 8000}}
    path.write_text(yaml.safe_dump(config))


@pytest.mark.parametrize("name", SMALL)
def test_detection(name, experiment, here):
    use(experiment.config, name)
    result = here("dcase", "train", "--cpu", "--to=1", experiment.root, experiment.protocol)
    assert result.code == 0, result.err
    # nothing in detection depends on the dimension of embeddings
    assert f"{name} does not use the parameter dimension." in result.err, result.err
    result = here("dcase", "validate", "--cpu", experiment.train, experiment.protocol)
    assert result.code == 0, result.err
    result = here("dcase", "apply", "--cpu", experiment.validate, experiment.protocol)
    assert result.code == 0, result.err
    scores = [np.load(path) for path in experiment.applied.rglob("*.npy")]
    assert scores and all(one.shape[1] == 6 and np.isfinite(one).all() for one in scores)


@pytest.mark.parametrize("name", SMALL)
def test_embedding(name, embedding, emb):
    use(embedding.config, name)
    result = emb("train", "--cpu", "--to=1", embedding.root, VOXCELEB)
    assert result.code == 0 and "does not use" not in result.err, result.err
    weights = torch.load(embedding.weights(1), weights_only=True)
    assert all(torch.isfinite(value).all() for value in weights.values())
    result = emb("validate", "--cpu", embedding.train, VOXCELEB)
    assert result.code == 0, result.err
