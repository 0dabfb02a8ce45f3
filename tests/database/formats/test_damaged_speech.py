"""Damaged files of speech formats are read, or refused by file with a remedy."""

import random

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files

FILES = {
    "rttm": {"a.rttm": "SPEAKER a 1 0 1 <NA> <NA> x <NA>\nNOSCORE a 2 0 1 <NA> <NA> <NA> <NA> <NA>\n" * 3},
    "ctm": {"a.ctm": "a 1 0 1 hello 0.9 lex ann\na B 1 1 you\na 1 2 1 <eps> 1 noscore\n" * 2},
    "stm": {"a.stm": "a 1 ann 0 1 <o,f0,male> hello\na A bob 1 2 you <unk>\n" * 2},
    "kaldi": {
        "wav.scp": "r1 {audio}/1.wav\nr2 {audio}/2.wav\n",
        "segments": "u1 r1 0 1\nu2 r1 1 -1\nu3 r2 0 2\n",
        "utt2spk": "u1 ann\nu2 bob\nu3 ann\n",
        "spk2utt": "ann u1 u3\nbob u2\n",
        "reco2dur": "r1 3\nr2 4\n",
    },
    "common_voice": {
        "validated.tsv": "client_id\tpath\tsentence\ns1\t1.wav\thi\ns2\t2.wav\tyou\n",
        "train.tsv": "client_id\tpath\tsentence\ns1\t1.wav\thi\n",
    },
}


@pytest.mark.parametrize("name", FILES)
def test_damaged_lines_are_read_or_refused(name, tmp_path):
    folder, audio = tmp_path / "data", tmp_path / "data" / "clips"
    audio.mkdir(parents=True)
    for number in "12":
        (audio / f"{number}.wav").touch()
    contents = {file: text.format(audio=audio).encode() for file, text in FILES[name].items()}
    draw = random.Random(0)
    read = refused = 0
    for damaged, content in contents.items():
        for _ in range(80):
            for file, text in contents.items():
                (folder / file).write_bytes(text)
            lines = content.split(b"\n")
            place = draw.randrange(len(lines) - 1)
            line = lines[place]
            cut = draw.randrange(len(line) + 1)
            damages = [
                line[:cut],
                b"Once upon a time",
                line + b"\t" + line,
                line[:cut] + b"\xff",
                b"\0",
                b" ",
            ]
            lines[place] = draw.choice(damages)
            (folder / damaged).write_bytes(b"\n".join(lines))
            try:
                read_annotation_files(folder, {}, name=name)
                read += 1
            except DataError as error:
                refused += 1
                assert error.file is not None and error.file.parent == folder and error.fix, str(error)
    assert read and refused
