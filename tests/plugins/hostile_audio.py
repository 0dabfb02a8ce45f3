"""Audio files that are damaged, odd or no audio at all, made one by one.

Each maker is a function that writes a file to a path, and is called as what it makes. It returns what can be
known of the file without reading it: how many samples of each channel at which rate it holds; `REFUSED` where
it cannot be read; and `UNCERTAIN` where what is wrong with it may not show.
"""

import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

RATE = 16000
LENGTH = 3 * RATE
TONE = 0.3 * np.sin(np.arange(LENGTH) * 0.05) + np.random.default_rng(0).normal(0, 0.05, LENGTH)
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


class Sound(NamedTuple):
    """What a file holds."""

    samples: int = LENGTH
    rate: int = RATE


REFUSED = None
UNCERTAIN = Sound(0, 0)
MAKERS = {}


def hostile(make):
    MAKERS[make.__name__] = make
    return make


def family(name, values):
    """Makers that differ in one value: `make(path, value)`."""

    def add(make):
        for value in values:
            MAKERS[f"{name}_{value}"] = lambda path, value=value: make(path, value)
        return make

    return add


def chunk(name, content, size=None):
    """A chunk of a WAV file, which may lie about its size."""
    size = len(content) if size is None else size
    return name + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def form(rate=RATE, channels=1, bits=16, tag=PCM, align=None):
    """A `fmt ` chunk."""
    align = channels * bits // 8 if align is None else align
    speed = rate * align % 2**32
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels % 2**16, rate, speed, align % 2**16, bits))


def riff(*chunks, size=None):
    """A WAV file of chunks."""
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content) if size is None else size) + content


def samples_of_16_bits(samples=TONE):
    return (samples * 32767).astype("<i2").tobytes()


DATA = samples_of_16_bits()


def write(path, samples=TONE, rate=RATE, subtype="PCM_16", **options):
    options = {"format": "WAV", **options}
    soundfile.write(path, samples, rate, subtype=subtype, **options)
    return Sound(len(samples), rate)


# Not audio


@hostile
def nothing(path):
    path.write_bytes(b"")


@hostile
def text(path):
    path.write_text("This is not audio, though it is called so.\n" * 100)


@hostile
def a_page_of_a_server(path):
    path.write_text("<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>\n")


@hostile
def zeros(path):
    path.write_bytes(bytes(100_000))


@hostile
def random_bytes(path):
    path.write_bytes(np.random.default_rng(0).bytes(100_000))


@hostile
def a_gzip_archive(path):
    import gzip

    path.write_bytes(gzip.compress(riff(form(), chunk(b"data", DATA))))


# Things that are no files


@hostile
def a_folder(path):
    path.mkdir()


@hostile
def a_pipe(path):
    os.mkfifo(path)


@hostile
def an_endless_device(path):
    path.symlink_to("/dev/zero")


@hostile
def a_loop_of_links(path):
    path.symlink_to(path.name)


@hostile
def a_link_to_nothing(path):
    path.symlink_to(path.with_name("nowhere.wav"))


# WAV headers


@hostile
def four_bytes(path):
    path.write_bytes(b"RIFF")


@hostile
def a_cut_header(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA))[:30])


@hostile
def a_header_alone(path):
    path.write_bytes(riff(form(), chunk(b"data", b"")))


@hostile
def no_data_chunk(path):
    path.write_bytes(riff(form()))


@hostile
def no_format_chunk(path):
    path.write_bytes(riff(chunk(b"data", DATA)))


@hostile
def more_promised_than_there_is(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA, 2 * len(DATA))))


@hostile
def cut_in_the_middle(path):
    content = riff(form(), chunk(b"data", DATA))
    path.write_bytes(content[: len(content) // 2])


@hostile
def one_byte_lost(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA))[:-1])


@hostile
def half_a_sample(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA + b"\1")))
    return Sound()


@hostile
def length_unknown(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA, 0xFFFFFFFF), size=0xFFFFFFFF))
    return Sound()


@hostile
def length_never_filled_in(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA, 0), size=0))
    return Sound()


@hostile
def other_chunks_first(path):
    rubbish = chunk(b"JUNK", bytes(1000)), chunk(b"odd ", b"\xff" * 999), chunk(b"LIST", b"INFOrubbish!")
    path.write_bytes(riff(*rubbish, form(), chunk(b"data", DATA)))
    return Sound()


@hostile
def a_chunk_longer_than_the_file_first(path):
    path.write_bytes(riff(chunk(b"JUNK", bytes(10), 2**31), form(), chunk(b"data", DATA)))


@hostile
def bytes_after_the_end(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA)) + b"ID3\4 and more" * 1000)
    return Sound()


@hostile
def two_data_chunks(path):
    path.write_bytes(riff(form(), chunk(b"data", DATA), chunk(b"data", DATA)))


@hostile
def two_formats(path):
    path.write_bytes(riff(form(), form(rate=2 * RATE, channels=2), chunk(b"data", DATA)))


@family("rate_in_the_header", [0, 1, 999, 2**31, 2**32 - 1])
def rate_in_the_header(path, rate):
    path.write_bytes(riff(form(rate), chunk(b"data", DATA)))


@family("channels_in_the_header", [0, 1025, 65535])
def channels_in_the_header(path, channels):
    path.write_bytes(riff(form(channels=channels), chunk(b"data", DATA)))


@family("bits_in_the_header", [0, 1, 7, 13, 128, 65535])
def bits_in_the_header(path, bits):
    path.write_bytes(riff(form(bits=bits), chunk(b"data", DATA)))
    return Sound(len(DATA) // -(-bits // 8)) if 1 <= bits <= 13 else REFUSED


@hostile
def frames_of_no_bytes(path):
    path.write_bytes(riff(form(align=0), chunk(b"data", DATA)))
    return Sound()


@family("coded_as", [0, 2, 6, 7, 17, 49, 80, 85, 0xFFFF])
def coded_as(path, tag):
    """Plain samples that the header takes for ADPCM, A-law, GSM, MPEG and others."""
    path.write_bytes(riff(form(tag=tag), chunk(b"data", DATA)))
    # A-law and mu-law take a byte for a sample: nothing tells that these are none
    return UNCERTAIN if tag in (6, 7) else REFUSED


@family("chunks_before_the_format", [100, 20_000])
def chunks_before_the_format(path, count):
    path.write_bytes(riff(*[chunk(b"LIST", b"INFO")] * count, form(), chunk(b"data", DATA)))
    # libsndfile takes a header beyond 100 kB for damage
    return Sound() if count == 100 else REFUSED


# Lengths and values


@family("samples", [1, 2, 100, 399, 7999])
def so_many_samples(path, count):
    return write(path, TONE[:count])


@family("one_sample_is", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def one_sample_is(path, value):
    samples = TONE.copy()
    samples[40_000] = value
    write(path, samples, subtype="FLOAT")


@hostile
def one_channel_of_nan(path):
    write(path, np.stack([TONE, TONE * np.nan], axis=1), subtype="FLOAT")


@hostile
def infinities_that_cancel(path):
    write(path, np.stack([TONE + np.inf, TONE - np.inf], axis=1), subtype="FLOAT")


@hostile
def more_than_float32_can_hold(path):
    write(path, TONE * 1e300, subtype="DOUBLE")


@family("all_samples_are", [0, 0.5, 1e-40, 5e-324])
def all_samples_are(path, value):
    return write(path, np.full(LENGTH, float(value)), subtype="DOUBLE")


@hostile
def clipped(path):
    return write(path, np.sign(TONE))


@hostile
def whole_numbers_as_floats(path):
    return write(path, TONE * 32767, subtype="FLOAT")


# Formats that are unusual and fine


@family("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM"])
def subtype(path, name):
    sound = write(path, subtype=name)
    # blocks of ADPCM are filled up: 512 bytes with a header of 4 are 1 + 2 x 508 samples
    return sound._replace(samples=-(-LENGTH // 1017) * 1017) if name == "IMA_ADPCM" else sound


@family("rate", [1000, 8000, 11025, 44100, 96000, 192_000, 384_000, 768_000, 1_000_000])
def rate(path, rate):
    return write(path, np.resize(TONE, rate * 3), rate)


@family("channels", [2, 3, 96, 1024])
def channels(path, count):
    return write(path, np.repeat(TONE[:8000, None], count, axis=1))


@family("format", ["WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "NIST", "FLAC"])
def other_format(path, name):
    return write(path, format=name)


@hostile
def big_endian(path):
    return write(path, endian="BIG")


@hostile
def big_endian_of_24_bits(path):
    return write(path, subtype="PCM_24", endian="BIG")


# Coded files that are cut


def cut(path, format, subtype=None, share=0.5):
    write(path, np.resize(TONE, 10 * LENGTH), format=format, subtype=subtype)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@family("cut_in_the_middle", ["FLAC", "AIFF", "AU", "CAF", "W64", "RF64", "WAVEX"])
def cut_in_the_middle_of(path, format):
    cut(path, format, "PCM_16")


@hostile
def flac_without_its_last_byte(path):
    cut(path, "FLAC", "PCM_16", share=0.9999)


@hostile
def flac_of_a_header_alone(path):
    cut(path, "FLAC", "PCM_16", share=0.0005)


@hostile
def flac_with_a_hole(path):
    write(path, np.resize(TONE, 10 * LENGTH), format="FLAC")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    path.write_bytes(content)


@hostile
def flac_that_promises_a_year(path):
    """The number of samples in the header of a FLAC file has 36 bits."""
    write(path, format="FLAC")
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)


@family("cut_short", ["OGG", "MP3"])
def cut_short(path, format):
    """These do not say how long they are: what is there is all there is."""
    cut(path, format)
    return UNCERTAIN


def all_names():
    return list(MAKERS)


def make(name, path):
    """Write the hostile file of that name, and return what is known of it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return MAKERS[name](path)


# Whatever bytes

FORMATS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "AU", "CAF", "NIST", "SVX", "VOC", "OGG", "MP3")
NUMBERS = [
    struct.pack(form, number % 2 ** (8 * struct.calcsize(form)))
    for form in ("<H", ">H", "<I", ">I", "<Q", ">Q")
    for number in (0, 1, 2, 255, 999, 1024, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**36 - 1, -1)
]
"""Numbers that headers must not be believed."""


def sound_file(path, form):
    """The bytes of a sound of 0.2 s in a format."""
    write(path, TONE[: RATE // 5], format=form, subtype=None)
    return path.read_bytes()


def overwritten(content, patches, length=None):
    """The same bytes with other ones at some places, and cut."""
    changed = bytearray(content)
    for place, patch in patches:
        place %= len(changed)
        changed[place : place + len(patch)] = patch
    return bytes(changed[:length])
