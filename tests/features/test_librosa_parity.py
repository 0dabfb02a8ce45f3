"""Features equal those of librosa, and a part of a recording equals that part of all features."""

import librosa
import numpy as np
import pytest
import soundfile
from pyannote.core import Segment, Timeline

from pyannote.audio.core.errors import AudioError, ConfigError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
from pyannote.audio.features.raw_audio import RawAudio

TOLERANCE = 4e-5
"""In dB, that is 1e-5 of the power: both sides compute in float32, in another order."""


def recording(seconds=3.37, rate=16000, seed=0):
    """Noise whose loudness moves over 60 dB, with a tone."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(time))
    loudness = 10 ** (-1 - 1.5 * (1 + np.sin(2 * np.pi * time / 1.7)) / 2)
    waveform = loudness * (0.3 * noise + np.sin(2 * np.pi * 440 * time))
    return {"waveform": waveform.astype(np.float32), "sample_rate": rate}


def stft_options(extraction):
    return {
        "n_fft": extraction.window,
        "hop_length": extraction.hop,
        "center": True,
        "pad_mode": "constant",
    }


def librosa_mel(extraction, file, **options):
    power = librosa.feature.melspectrogram(
        y=file["waveform"], sr=file["sample_rate"], **stft_options(extraction), **options
    )
    return librosa.power_to_db(power, top_db=None)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize(
    ("duration", "step", "n_mels"), [(0.025, 0.010, 40), (0.040, 0.020, 64), (0.03, 0.04, 1)]
)
def test_mel_spectrogram(rate, duration, step, n_mels):
    extraction = LibrosaMelSpectrogram(rate, duration, step, n_mels)
    file = recording(rate=rate)
    data = extraction(file).data
    assert data.dtype == np.float32
    assert data.shape[1] == extraction.dimension == n_mels
    np.testing.assert_allclose(data, librosa_mel(extraction, file, n_mels=n_mels).T, atol=TOLERANCE)


def random_extraction(random, kind):
    """Random rate, window, step and bands; those that no window can tell apart are refused."""
    while True:
        rate = int(random.choice([8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]))
        duration, step = random.uniform(0.015, 0.1), random.uniform(0.004, 0.04)
        try:
            if kind is LibrosaMFCC:
                extraction = kind(e=True, coefs=39, sample_rate=rate, duration=duration, step=step)
            else:
                extraction = kind(rate, duration, step, n_mels=int(random.integers(1, 129)))
            extraction({"waveform": np.zeros(2 * extraction.window, np.float32), "sample_rate": rate})
        except ConfigError:
            continue
        return extraction, rate


@pytest.mark.parametrize("kind", [LibrosaMelSpectrogram, LibrosaMFCC])
def test_random_parameters(kind, promise):
    random, furthest, extractions = np.random.default_rng(0), 0.0, 40
    for seed in range(extractions):
        extraction, rate = random_extraction(random, kind)
        file = recording(seconds=2, rate=rate, seed=seed)
        if kind is LibrosaMFCC:
            decibels = librosa_mel(extraction, file, n_mels=40, htk=True)
            expected = librosa.feature.mfcc(S=decibels, n_mfcc=40)
            found = extraction(file).data[:, :40]
        else:
            expected = librosa_mel(extraction, file, n_mels=extraction.n_mels)
            found = extraction(file).data
        # where the middle of the last window is the end of the recording, librosa has no such frame if the
        # window is odd; here there is one whatever the window
        samples = len(file["waveform"])
        assert len(found) - expected.shape[1] == (extraction.window % 2 and samples % extraction.hop == 0)
        furthest = max(furthest, float(np.abs(found[: expected.shape[1]] - expected.T).max()))
    # longer windows than usual have more to round
    bound = (5 if kind is LibrosaMFCC else 2.5) * TOLERANCE
    assert furthest < bound
    promise(
        f"{kind.__name__} is that of librosa.",
        "Random rates from 8 to 96 kHz, windows, steps and numbers of bands; noise whose loudness moves over "
        "60 dB.",
        f"{extractions} settings, at most {bound:.0e} dB off",
    )


@pytest.mark.parametrize("rate", [16000, 44100])
def test_spectrogram(rate):
    extraction = LibrosaSpectrogram(rate)
    file = recording(rate=rate)
    expected = np.abs(librosa.stft(file["waveform"], **stft_options(extraction))) ** 2
    data = extraction(file).data
    assert data.shape == expected.T.shape == (len(data), extraction.dimension)
    # A single bin may cancel out: what is left of it is the rounding of the loudest bin of its frame.
    power = 10 ** (data.T.astype(np.float64) / 10)
    np.testing.assert_array_less(
        np.abs(power - expected), 1e-5 * expected + 1e-7 * expected.max(axis=0) + 2e-10
    )


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("coefs", [1, 19, 39])
@pytest.mark.parametrize(("e", "De", "DDe", "D", "DD"), [(0, 1, 1, 1, 1), (1, 1, 0, 0, 1), (1, 0, 0, 0, 0)])
def test_mfcc(rate, coefs, e, De, DDe, D, DD):
    flags = {"e": e, "De": De, "DDe": DDe, "D": D, "DD": DD}
    extraction = LibrosaMFCC(
        coefs=coefs, sample_rate=rate, **{name: bool(flag) for name, flag in flags.items()}
    )
    file = recording(rate=rate)
    decibels = librosa_mel(extraction, file, n_mels=40, htk=True)
    static = librosa.feature.mfcc(S=decibels, n_mfcc=coefs + 1)
    first, second = (librosa.feature.delta(static, width=9, order=order) for order in (1, 2))
    rows = [static[:1]] * e + [static[1:]]
    rows += [first[:1]] * De + [first[1:]] * D
    rows += [second[:1]] * DDe + [second[1:]] * DD
    expected = np.concatenate(rows).T
    data = extraction(file).data
    assert data.shape == expected.shape == (len(expected), extraction.dimension)
    np.testing.assert_allclose(data, expected, atol=5 * TOLERANCE)


def test_the_configuration_of_the_speaker_embedding_tutorial():
    extraction = LibrosaMFCC(
        e=False, De=True, DDe=True, coefs=19, D=True, DD=True, duration=0.025, step=0.010, sample_rate=16000
    )
    assert extraction.dimension == 59


@pytest.mark.filterwarnings("ignore:n_fft=400 is too large")
@pytest.mark.parametrize("samples", [1, 100, 399, 400, 1279, 1280, 1281])
def test_short_recordings(samples):
    file = recording()
    file["waveform"] = file["waveform"][:samples]
    extraction = LibrosaMelSpectrogram(n_mels=40)
    expected = librosa_mel(extraction, file, n_mels=40).T
    assert len(expected) == 1 + samples // 160
    np.testing.assert_allclose(extraction(file).data, expected, atol=TOLERANCE)
    derived = LibrosaMFCC()(file).data
    assert derived.shape == (len(expected), 59)
    assert np.isfinite(derived).all()


def test_silence_is_the_floor_and_loudness_is_not_relative():
    extraction = LibrosaMelSpectrogram(n_mels=40)
    quiet = recording(seconds=1)
    quiet["waveform"][:] *= 0.1
    loud = {**quiet, "waveform": 10 * quiet["waveform"]}
    np.testing.assert_allclose(extraction(loud).data - extraction(quiet).data, 20, atol=0.01)
    silence = {"waveform": np.zeros(16000), "sample_rate": 16000}
    np.testing.assert_allclose(extraction(silence).data, -100, atol=1e-4)


EXTRACTIONS = [
    RawAudio(16000),
    LibrosaSpectrogram(16000),
    LibrosaMelSpectrogram(16000, n_mels=40),
    LibrosaMelSpectrogram(22050, duration=0.031, n_mels=40),
    LibrosaMFCC(e=True),
]


@pytest.mark.parametrize("extraction", EXTRACTIONS, ids=lambda extraction: type(extraction).__name__)
@pytest.mark.parametrize("rate", [16000, 44100])
def test_crop_is_a_part_of_the_whole_to_the_last_bit(extraction, rate):
    file = recording(seconds=11.3, rate=rate)
    whole = extraction(file)
    segments = [
        Segment(0, 0.5),
        Segment(0.003, 0.05),
        Segment(1.234, 3.234),
        Segment(7.9, 8.1),
        Segment(10.9, 11.3),
        Segment(11.2, 15),
        Segment(-1, 20),
    ]
    for segment in segments:
        for mode in ("center", "loose", "strict"):
            np.testing.assert_array_equal(extraction.crop(file, segment, mode), whole.crop(segment, mode))
        for fixed in (0.02, 2.0):
            part = extraction.crop(file, segment, fixed=fixed)
            np.testing.assert_array_equal(part, whole.crop(segment, "center", fixed=fixed))
    parts = Timeline([Segment(0, 1), Segment(5, 6.5)])
    np.testing.assert_array_equal(extraction.crop(file, parts), whole.crop(parts, "center"))


@pytest.mark.parametrize("extraction", EXTRACTIONS, ids=lambda extraction: type(extraction).__name__)
def test_crop_outside_is_empty(extraction):
    part = extraction.crop(recording(), Segment(100, 101))
    assert part.shape == (0, extraction.dimension)
    assert part.dtype == np.float32


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [100, 1000, 8192])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_neither_pieces_nor_threads_show(tmp_path, rate, size, threads):
    path = tmp_path / "a.wav"
    soundfile.write(path, recording(seconds=31, rate=rate)["waveform"], rate, subtype="PCM_24")
    for extraction in (LibrosaMFCC(), LibrosaMelSpectrogram(n_mels=40)):
        reader = extraction.open(path)
        pieces = list(reader.pieces(size, threads))
        assert max(map(len, pieces)) <= size
        np.testing.assert_array_equal(np.concatenate(pieces), reader.read(0, reader.frames))


def test_frames_are_centred_where_the_sliding_window_says():
    extraction = LibrosaMelSpectrogram(44100, n_mels=40)
    click = np.zeros(44100, dtype=np.float32)
    click[441 * 30] = 1.0
    loudest = int(extraction({"waveform": click, "sample_rate": 44100}).data.sum(axis=1).argmax())
    assert loudest == 30
    assert extraction.sliding_window[loudest].middle == pytest.approx(0.30, abs=1e-4)
    assert extraction.sliding_window.step == 0.01


def test_step_that_is_no_whole_number_of_samples():
    extraction = LibrosaMelSpectrogram(22050, n_mels=40)
    assert extraction.hop == 220
    assert extraction.sliding_window.step == 220 / 22050


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LibrosaMelSpectrogram(sample_rate=0), "sample_rate"),
        (lambda: LibrosaMelSpectrogram(duration=0.0), "duration"),
        (lambda: LibrosaMelSpectrogram(duration=float("nan")), "duration"),
        (lambda: LibrosaMelSpectrogram(step=-1.0), "step"),
        (lambda: LibrosaMelSpectrogram(n_mels=0), "n_mels"),
        (lambda: LibrosaMelSpectrogram(n_mels=5000), "n_mels"),
        (lambda: LibrosaMFCC(coefs=0), "coefs"),
        (lambda: LibrosaMFCC(coefs=40), "coefs"),
    ],
)
def test_parameters_out_of_range(build, message):
    with pytest.raises(ConfigError, match=message):
        build()


@pytest.mark.parametrize(
    ("extraction", "bands"),
    [(LibrosaMelSpectrogram(n_mels=150), "of 150"), (LibrosaMFCC(duration=0.006), "of 40")],
)
def test_bands_too_narrow_for_the_window(extraction, bands):
    # filters are made when they are first needed
    with pytest.raises(ConfigError, match=f"{bands} mel bands are narrower"):
        extraction(recording())


def test_missing_audio(tmp_path):
    with pytest.raises(AudioError, match="no such audio file"):
        LibrosaMelSpectrogram(n_mels=40)(tmp_path / "missing.wav")


def test_raw_audio_is_the_waveform():
    file = recording()
    features = RawAudio(16000)(file)
    np.testing.assert_array_equal(features.data[:, 0], file["waveform"])
    assert features.sliding_window[16000].middle == pytest.approx(1.0)
