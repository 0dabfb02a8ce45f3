"""Band-pass filters with learned frequencies, and frames of features from a waveform."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes


class SincFilters(nn.Module):
    """Bank of band-pass filters, each with a learned lowest frequency and bandwidth.

    A filter is the difference of two ideal low-pass filters under a Hamming window w, with a gain of
    1 in its band, g(t) = (2 f2 sinc(2 f2 t) - 2 f1 sinc(2 f1 t)) w(t), where sinc(x) = sin(pi x) / (pi x),
    with frequencies f1 and f2 relative to the sample rate and t in samples. At first, bands have equal width
    on the mel scale. Always, f1 is at least 30 Hz, f2 - f1 at least 50 Hz, and f2 at most half the sample
    rate.

    Parameters
    ----------
    sample_rate : int
        Rate of the waveform in Hertz.
    count : int
        Number of filters.
    width : int
        Samples of a filter; an odd number, for symmetry.
    stride : int
        Samples from one output to the next.

    References
    ----------
    Ravanelli and Bengio, "Speaker Recognition from Raw Waveform with SincNet", SLT 2018,
    equations 4 to 8.

    Examples
    --------
    >>> filters = SincFilters(16000, count=40, width=101, stride=10)
    >>> tuple(filters(torch.randn(2, 1, 1101)).shape)
    (2, 40, 101)
    """

    LOWEST_FREQUENCY = 30.0
    """Lowest frequency of a band, in Hertz."""

    NARROWEST_BAND = 50.0
    """Width in Hertz of the narrowest band."""

    def __init__(self, sample_rate: int, count: int = 80, width: int = 251, stride: int = 10) -> None:
        super().__init__()
        if width % 2 == 0:
            raise ConfigError(f"width must be odd, not {width}.", fix=f"Use {width + 1}.")
        if sample_rate < 1000:
            raise ConfigError(f"sample_rate must be at least 1000 Hz for sinc filters, not {sample_rate} Hz.")
        self.sample_rate = sample_rate
        self.stride = stride
        limits = torch.tensor([2 * self.LOWEST_FREQUENCY, sample_rate / 2 - self.NARROWEST_BAND])
        # the mel scale is the logarithm of 1 + frequency / 700, up to a factor
        low, high = torch.log1p(limits / 700).tolist()
        edges = 700 * torch.linspace(low, high, count + 1).expm1()
        # relative to the sample rate, so that common learning rates suit
        self.low = nn.Parameter((edges[:-1] - self.LOWEST_FREQUENCY) / sample_rate)
        self.band = nn.Parameter(edges.diff() / sample_rate)
        time = torch.arange(width) - width // 2
        self.register_buffer("time", time.float(), persistent=False)
        self.register_buffer("window", torch.hamming_window(width, periodic=False), persistent=False)

    def cutoffs(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest frequency of each filter, relative to the sample rate, each of shape (count,).

        Examples
        --------
        >>> low, high = SincFilters(16000, count=2).cutoffs()
        >>> (16000 * low).round().tolist(), (16000 * high).round().tolist()
        ([60.0, 1864.0], [1914.0, 8000.0])
        """
        narrowest = self.NARROWEST_BAND / self.sample_rate
        low = (self.LOWEST_FREQUENCY / self.sample_rate + self.low.abs()).clamp(max=0.5 - narrowest)
        return low, (low + narrowest + self.band.abs()).clamp(max=0.5)

    def filters(self) -> Tensor:
        """Impulse responses, shape (count, width).

        Examples
        --------
        >>> tuple(SincFilters(16000, count=40, width=101).filters().shape)
        (40, 101)
        """
        low, high = (cutoff.unsqueeze(1) for cutoff in self.cutoffs())
        time, window = self.get_buffer("time"), self.get_buffer("window")
        # g(t) = (2 f2 sinc(2 f2 t) - 2 f1 sinc(2 f1 t)) w(t)
        ideal = 2 * high * torch.sinc(2 * high * time) - 2 * low * torch.sinc(2 * low * time)
        return ideal * window

    def forward(self, waveform: Tensor) -> Tensor:
        """Filter shape (batch, 1, samples) to shape (batch, count, (samples - width) // stride + 1)."""
        return nn.functional.conv1d(waveform, self.filters().unsqueeze(1), stride=self.stride)


class WaveformFrames(nn.Module):
    """Frames of features from a waveform: sinc filters, then convolutions of width 5.

    The magnitude of the filters' outputs, and each convolution, is followed by max-pooling over 3
    values, layer normalisation over channels and time, and leaky ReLU, all in float32. Convolutions have no
    padding.

    Parameters
    ----------
    specifications : Specifications
        The input "X" must be a waveform, one sample a frame.
    channels : list of int
        Number of sinc filters, then channels of each convolution.
    width, stride : int
        Width of a filter in samples (odd), and samples from one output of a filter to the next; in the paper
        251 and 1.
    padded : bool
        Pad the waveform with zeros, so that there is one frame for each `hop` samples, in their middle.

    Attributes
    ----------
    receptive_field : int
        Samples that a frame depends on.
    hop : int
        Samples from one frame to the next.
    resolution : int
        Samples of the shortest waveform with a frame.

    Raises
    ------
    ConfigError
        If "X" has more than one value a frame.

    Examples
    --------
    >>> specs = Specifications("TripletLoss", {"X": 1}, ("anna", "bob"), 1.0, 1 / 16000, 16000)
    >>> frames = WaveformFrames(specs, channels=[20, 16])
    >>> frames.receptive_field, tuple(frames(torch.randn(2, 16000, 1)).shape)
    (451, (2, 173, 16))
    >>> frames = WaveformFrames(specs, channels=[20, 16], padded=True)
    >>> frames.hop, tuple(frames(torch.randn(2, 16000, 1)).shape), 16000 // 90
    (90, (2, 177, 16), 177)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int],
        width: int = 251,
        stride: int = 10,
        padded: bool = False,
    ) -> None:
        super().__init__()
        features = specifications.inputs["X"]
        if features != 1:
            raise ConfigError(
                f"This network reads waveforms, not features of dimension {features}.",
                fix="Set feature_extraction to RawAudio.",
            )
        check_sizes(channels=channels, width=width, stride=stride)
        convolutions: list[nn.Module] = [SincFilters(specifications.sample_rate, channels[0], width, stride)]
        convolutions += [nn.Conv1d(inputs, outputs, kernel_size=5) for inputs, outputs in pairwise(channels)]
        self.convolutions = nn.ModuleList(convolutions)
        # over channels and time together, for any number of frames
        self.normalizations = nn.ModuleList(nn.GroupNorm(1, count) for count in channels)
        self.outputs = channels[-1]
        values = 1
        for _ in channels[1:]:
            values = 3 * values + 4
        self.receptive_field = (3 * values - 1) * stride + width
        self.hop = stride * 3 ** len(channels)
        self.padded = padded
        self.resolution = self.hop if padded else self.receptive_field

    def forward(self, waveform: Tensor) -> Tensor:
        """Frames of shape (batch, frames, outputs) from waveforms of shape (batch, samples, 1)."""
        # in bfloat16 samples would be noisy, and so would their maxima
        with torch.autocast(waveform.device.type, enabled=False):
            hidden = waveform.transpose(1, 2)
            if self.padded:
                padding = self.receptive_field - self.hop
                hidden = nn.functional.pad(hidden, (padding // 2, padding - padding // 2))
            for index, convolution in enumerate(self.convolutions):
                hidden = convolution(hidden) if index else convolution(hidden).abs()
                hidden = self.normalizations[index](nn.functional.max_pool1d(hidden, 3))
                hidden = nn.functional.leaky_relu(hidden, 0.2)
        return hidden.transpose(1, 2)
