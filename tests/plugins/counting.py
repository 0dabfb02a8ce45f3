"""Features that tell how often they were computed."""

from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram


class Counting(LibrosaMelSpectrogram):
    """Counts how many recordings are opened."""

    def __init__(self, n_mels=8):
        super().__init__(n_mels=n_mels)
        self.opened = 0

    def open(self, file):
        self.opened += 1
        return super().open(file)
