"""Band-pass filters with learned frequencies, and frames of features from a waveform by them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes


class SincFilters(nn.Module):
    """Bank of band-pass filters, each given by its lowest frequency and the width of its band.

    A filter is the difference of two ideal low-pass filters under a Hamming window w, with a gain of
    1 in its band, g(t) = (2 f2 sinc(2 f2 t) - 2 f1 sinc(2 f1 t)) w(t), where sinc(x) = sin(pi x) / (pi x),
    with frequencies as shares of the sample rate and t in samples. Bands begin equally wide on the mel scale.
    Whatever training does, a band starts at 30 Hz or above, is 50 Hz wide or more, and ends at half the
    sample rate or below.

    Parameters
    ----------
    sample_rate : int
        Rate of the waveform in Hertz.
    count : int
        Number of filters.
    width : int
        Samples of a filter; an odd number, so that filters are symmetrical.
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
    """Frequency in Hertz below which no band starts."""

    NARROWEST_BAND = 50.0
    """Width in Hertz of the narrowest band."""

    def __init__(self, sample_rate: int, count: int = 80, width: int = 251, stride: int = 10) -> None:
        super().__init__()
        if width % 2 == 0:
            raise ConfigError(f"width must be odd, not {width}.", fix=f"Take {width + 1}.")
        if sample_rate < 1000:
            raise ConfigError(f"A sample rate of {sample_rate} Hz leaves no room for filters.")
        self.sample_rate = sample_rate
        self.stride = stride
        ends = torch.tensor([2 * self.LOWEST_FREQUENCY, sample_rate / 2 - self.NARROWEST_BAND])
        # the mel scale is the logarithm of 1 + frequency / 700, up to a factor
        low, high = torch.log1p(ends / 700).tolist()
        edges = 700 * torch.linspace(low, high, count + 1).expm1()
        # as shares of the sample rate, for which usual learning rates are about right
        self.low = nn.Parameter((edges[:-1] - self.LOWEST_FREQUENCY) / sample_rate)
        self.band = nn.Parameter(edges.diff() / sample_rate)
        time = torch.arange(width) - width // 2
        self.register_buffer("time", time.float(), persistent=False)
        self.register_buffer("window", torch.hamming_window(width, periodic=False), persistent=False)

    def cutoffs(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest frequency of each filter as shares of the sample rate, shape (count,)."""
        narrowest = self.NARROWEST_BAND / self.sample_rate
        low = (self.LOWEST_FREQUENCY / self.sample_rate + self.low.abs()).clamp(max=0.5 - narrowest)
        return low, (low + narrowest + self.band.abs()).clamp(max=0.5)

    def filters(self) -> Tensor:
        """Impulse responses, shape (count, width)."""
        low, high = (cutoff.unsqueeze(1) for cutoff in self.cutoffs())
        time, window = self.get_buffer("time"), self.get_buffer("window")
        ideal = 2 * high * torch.sinc(2 * high * time) - 2 * low * torch.sinc(2 * low * time)
        return ideal * window

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, 1, samples) to (batch, count, (samples - width) // stride + 1)."""
        return nn.functional.conv1d(waveform, self.filters().unsqueeze(1), stride=self.stride)


class WaveformFrames(nn.Module):
    """Frames of features from a waveform: sinc filters, then convolutions of width 5.

    The magnitude of the filters' outputs, and each convolution, is followed by max-pooling over 3
    values, layer normalisation over channels and time, and leaky ReLU, all in float32. Convolutions pad
    nothing: a frame sees `shortest` samples, and the next one those `hop` samples later.

    Parameters
    ----------
    specifications : Specifications
        The input "X" must be a waveform, one sample a frame.
    channels : list of int
        Number of sinc filters, then channels of each convolution.
    width, stride : int
        Samples of a filter (odd), and from one output of a filter to the next; in the paper 251 and 1.
    padded : bool
        Put zeros around the waveform, so that there is one frame for each `hop` samples, in their middle.

    Attributes
    ----------
    shortest : int
        Samples that a frame sees.
    hop : int
        Samples from one frame to the next.
    resolution : int
        Samples of the shortest waveform that gives a frame.

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
                f"This network reads waveforms, and not frames of {features} values.",
                fix="Name RawAudio as feature_extraction.",
            )
        check_sizes(channels=channels, width=width, stride=stride)
        convolutions: list[nn.Module] = [SincFilters(specifications.sample_rate, channels[0], width, stride)]
        convolutions += [nn.Conv1d(inputs, outputs, kernel_size=5) for inputs, outputs in pairwise(channels)]
        self.convolutions = nn.ModuleList(convolutions)
        # over channels and time at once, and so for any number of frames
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
        """(batch, samples, 1) to (batch, frames, outputs)."""
        # samples of 16 bits would be noisy, and so would be which of them are the largest
        with torch.autocast(waveform.device.type, enabled=False):
            hidden = waveform.transpose(1, 2)
            if self.padded:
                around = self.receptive_field - self.hop
                hidden = nn.functional.pad(hidden, (around // 2, around - around // 2))
            for index, convolution in enumerate(self.convolutions):
                hidden = convolution(hidden) if index else convolution(hidden).abs()
                hidden = self.normalizations[index](nn.functional.max_pool1d(hidden, 3))
                hidden = nn.functional.leaky_relu(hidden, 0.2)
        return hidden.transpose(1, 2)
