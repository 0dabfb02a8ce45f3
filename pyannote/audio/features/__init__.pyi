# Written by scripts/write_stubs.py

from pyannote.audio.inference.pretrained import Pretrained as Pretrained

from .librosa_mel_spectrogram import LibrosaMelSpectrogram as LibrosaMelSpectrogram
from .librosa_mfcc import LibrosaMFCC as LibrosaMFCC
from .librosa_spectrogram import LibrosaSpectrogram as LibrosaSpectrogram
from .onnx import Onnx as Onnx
from .precomputed import Precomputed as Precomputed
from .raw_audio import RawAudio as RawAudio
