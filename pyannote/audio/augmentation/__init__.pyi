# Written by scripts/write_stubs.py

from .add_noise import AddNoise as AddNoise
from .add_noise_from_gaps import AddNoiseFromGaps as AddNoiseFromGaps
from .chunk_mixing import ChunkMixing as ChunkMixing
from .event_paste import EventPaste as EventPaste
from .frequency_shift import FrequencyShift as FrequencyShift
from .mixup import Mixup as Mixup
from .random_equalization import RandomEqualization as RandomEqualization
from .reverb import Reverb as Reverb
from .speed_perturbation import SpeedPerturbation as SpeedPerturbation
from .time_frequency_masking import TimeFrequencyMasking as TimeFrequencyMasking
from .time_stretch import TimeStretch as TimeStretch
