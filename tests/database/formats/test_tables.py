"""Tables of annotation in layouts of published data sets, against csv, pandas, sed_eval and by hand."""

import csv
import io
import random

import pandas
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files
from pyannote.audio.database.formats.base import ReadOptions


def read(folder, text, name="annotation.csv", encoding="utf-8", recordings=(), **options):
    """Read one file of annotation; return the name of its format, and its content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    format = options.pop("format", None)
    return read_annotation_files(path, dict.fromkeys(recordings), ReadOptions(**options), format)


def content(folder, text, *arguments, **options):
    return read(folder, text, *arguments, **options)[1]


def events(reading):
    return [(one.recording, one.segment.start, one.segment.end, one.label) for one in reading.events]


def refusal(folder, text, *arguments, **options):
    with pytest.raises(DataError) as caught:
        read(folder, text, *arguments, **options)
    assert caught.value.fix and caught.value.file == folder / (
        arguments[0] if arguments else "annotation.csv"
    )
    return caught.value.line, str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        "filename,onset,offset,label",
        "file,start,end,class",
        "Audio_Filename,Start Time,End Time,Event Label",
        "segment_id,start_time_seconds,end_time_seconds,label",
        "audio_filename,ONSET,OFFSET,EVENT_LABEL",
        "Path,Begin Time (s),End Time (s),Species",
        "recording,begin,end,mid",
        "wav,start_s,stop_s,category",
        "uri,start [sec],end [sec],speaker",
        "Audiofilename,Starttime,Endtime,event-type",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_known_in_the_words_of_any_data_set(tmp_path, header, delimiter):
    text = f"{header}\na.wav,0.5,2,car\n".replace(",", delimiter)
    reading = content(tmp_path, text)
    assert events(reading) == [("a.wav", 0.5, 2.0, "car")]
    assert (reading.tags, reading.remarks, dict(reading.left_out)) == ([], [], {})


def test_columns_may_be_in_any_order_with_others_that_are_named(tmp_path):
    text = "fold,label,offset,Remark,onset,file\n1,car,2,good,0.5,a.wav\n"
    reading = content(tmp_path, text)
    assert events(reading) == [("a.wav", 0.5, 2.0, "car")]
    assert reading.remarks == ["Columns that are not read: 'fold', 'Remark'."]


def test_columns_that_are_not_read_are_named_once_for_many_files(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("onset,offset,label,snr\n0,1,car,3\n")
    _, reading = read_annotation_files(tmp_path, dict.fromkeys("abc"))
    assert len(reading.events) == 3
    assert reading.remarks == ["Columns that are not read: 'snr'."]


@pytest.mark.parametrize(
    "header", ["onset_ms,offset_ms", "start_sample,end_sample", "onset (ms),offset (ms)"]
)
def test_milliseconds_and_samples_are_not_taken_for_seconds(tmp_path, header):
    line, message = refusal(tmp_path, f"filename,{header},label\na.wav,500,900,car\n", format="csv")
    assert line == 1 and "not in seconds" in message


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("filename,path,onset,offset,label", "Several columns may be the file: 'filename', 'path'"),
        ("filename,onset,start,offset,label", "Several columns may be the onset: 'onset', 'start'"),
        ("filename,onset,offset,species,class", "Several columns may be the label: 'species', 'class'"),
        ("filename,onset,offset,label,label", "Several columns may be the label: 'label', 'label'"),
        ("filename,onset,label", "does not name the columns"),
        ("filename,offset,label", "does not name the columns"),
        ("filename,onset,offset", "does not name the columns"),
        # labels beside times that are not understood are not weak
        ("filename,from,to,label", "does not name the columns"),
        ("filename,xmin,xmax,label", "does not name the columns"),
        ("filename,StartFrame,EndFrame,label", "not in seconds"),
        ("filename,frame start,frame last,label", "does not name the columns"),
        ("filename,label,value", "does not name the columns"),
        ("filename,onset,offset,label,confidence", "'confidence' is one of outputs of a detector"),
    ],
)
def test_columns_that_are_missing_or_may_be_the_same_are_refused(tmp_path, header, message):
    line, found = refusal(tmp_path, f"{header}\n")
    assert line == 1 and message in found


def test_the_column_of_labels_is_chosen_by_its_name(tmp_path):
    text = "filename,onset,offset,Common name,scientific_name\na.wav,0.5,2,great tit,Parus major\n"
    assert "--label-column='Common name'" in refusal(tmp_path, text)[1]
    reading = content(tmp_path, text, label_column="Scientific Name")
    assert events(reading) == [("a.wav", 0.5, 2.0, "Parus major")]
    assert reading.remarks == ["Columns that are not read: 'Common name'."]
    # a word of no data set
    assert events(content(tmp_path, "file,start,end,Q\na,1,2,POS\n", label_column="q")) == [
        ("a", 1, 2, "POS")
    ]
    tags = content(tmp_path, "file,Q\na,POS\n", format="csv", label_column="Q").tags
    assert [(tag.recording, tag.label) for tag in tags] == [("a", "POS")]
    assert "Remove or rename" in refusal(tmp_path, "filename,onset,offset,label,label\n")[1]
    line, message = refusal(tmp_path, text, label_column="genus")
    assert line == 1 and "no column 'genus'; found are 'filename', 'onset'" in message
    assert "names none" in refusal(tmp_path, "a.wav,1,2,car\n", label_column="label")[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.wav\t0.5\t2\tcar\nb.wav\t0\t1\tdog\n", [("a.wav", 0.5, 2, "car"), ("b.wav", 0, 1, "dog")]),
        ("a.wav,0.5,2,car\n", [("a.wav", 0.5, 2, "car")]),
        ("a.wav;0,5;2,25;car\n", [("a.wav", 0.5, 2.25, "car")]),
        ("17\t0.5\t2\tcar\n", [("17", 0.5, 2, "car")]),
        ("a.wav\t0.5\t2\t3\n", [("a.wav", 0.5, 2, "3")]),
        ("b.wav\na.wav\t0.5\t2\tcar\n", [("a.wav", 0.5, 2, "car")]),
    ],
)
@pytest.mark.parametrize("name", ["list.tsv", "list.txt", "list.csv"])
def test_event_lists_may_have_no_names_of_columns(tmp_path, text, expected, name):
    if name == "list.txt":
        assert read(tmp_path, text, name)[0] == "events"
    reading = content(tmp_path, text, name)
    assert events(reading) == expected
    assert ("b.wav" in reading.named) == ("b.wav" in text)


@pytest.mark.parametrize("first", ["", "filename,onset,offset,event_label\n"])
@pytest.mark.parametrize("delimiter", ",;\t")
def test_a_name_alone_stands_for_no_events_in_event_lists_only(tmp_path, first, delimiter):
    text = f"{first}a.wav,0.5,2,car\nb.wav\n".replace(",", delimiter)
    if delimiter == "\t":
        assert list(content(tmp_path, text).named) == ["a.wav", "b.wav"]
    else:
        line, message = refusal(tmp_path, text)
        assert line == text.count("\n") and f"`a.wav{3 * delimiter}`" in message


def test_a_line_of_an_event_list_of_sed_eval_is_read_as_sed_eval_does(tmp_path):
    sed_eval = pytest.importorskip("sed_eval")
    draw = random.Random(1)
    rows = [
        (
            f"audio/{draw.choice('abc')}.wav",
            f"{onset / 1000:.3f}",
            f"{(onset + draw.randrange(1, 9999)) / 1000:.3f}",
        )
        for onset in draw.sample(range(60000), 200)
    ]
    text = "".join(
        f"{name}\t{onset}\t{offset}\t{draw.choice(['car', 'big dog'])}\n" for name, onset, offset in rows
    )
    (tmp_path / "list.txt").write_text(text)
    expected = [
        (row["filename"], row["onset"], row["offset"], row["event_label"])
        for row in sed_eval.io.load_event_list(str(tmp_path / "list.txt"))
    ]
    assert len(expected) == 200
    assert events(content(tmp_path, text, "list.txt")) == expected


@pytest.mark.parametrize(
    "text",
    ["a;b;c\n1;2;3\n", "1,2,3,4\n", "car,0.5,a.wav\n", "a.wav,street,0.5,1.5,car\n", "a.wav,car,0.5,1.5\n"],
)
def test_tables_that_are_neither_are_refused_with_what_is_found(tmp_path, text):
    line, message = refusal(tmp_path, text, format="csv")
    assert line == 1
    for cell in text.splitlines()[0].replace(";", ",").split(","):
        assert repr(cell) in message
    line, message = refusal(tmp_path, text)
    assert line == 1 and text.splitlines()[0] in message


@pytest.mark.parametrize("nothing", ["a.wav,,,", "a.wav,nan,nan,nan", "a.wav,NaN,NaN,", "a.wav,NA,NA,NA"])
def test_recordings_without_events_are_named(tmp_path, nothing):
    # names of recordings are what they are
    reading = content(tmp_path, f"filename,onset,offset,label\n{nothing}\nnan,0,1,car\n")
    assert list(reading.named) == ["a.wav", "nan"]
    assert events(reading) == [("nan", 0, 1, "car")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.wav,0,1", "Found 3 columns where the first line has 4"),
        ("a.wav", "Found 1 columns"),
        ("a.wav,0,1,car,", "Found 5 columns"),
        ("a.wav,0,1,car, red", "Found 5 columns"),
        ('a.wav,0,1,"car', "double quotes"),
        ('a.wav,0,1,"car" red', "double quotes"),
        (",0,1,car", "name of the recording is missing"),
        ("a.wav,0,1,", "label is missing"),
        ("a.wav,0,1,nan", "label is missing"),
        ("a.wav,,1,car", "'' is not a time"),
        ("a.wav,nan,1,car", "'nan' is not a time"),
        ("a.wav,0,,car", "'' is not a time"),
        ("a.wav,,,car", "'' is not a time"),
        ('a.wav,"0,5",1,car', "'0,5' is not a time"),
        ("a.wav,1:5,100,car", "'1:5' is not a time"),
        ("a.wav,1:75,100,car", "'1:75' is not a time"),
        ("a.wav,1:75:00,10000,car", "'1:75:00' is not a time"),
        ("a.wav,-0:01,1,car", "'-0:01' is not a time"),
        (f"a.wav,0,{'9' * 5000}:00,car", "is not a time"),
        ("a.wav,2,1,car", "not later than the onset"),
    ],
)
def test_rows_that_cannot_be_read_are_named(tmp_path, row, message):
    line, found = refusal(tmp_path, f"filename,onset,offset,label\na.wav,0,1,car\n\n{row}\nb.wav,0,1,car\n")
    assert line == 4 and message in found


def test_cells_are_quoted_as_csv_and_pandas_read_them(tmp_path):
    draw, rows = random.Random(2), []
    for _ in range(300):
        label = "".join(draw.choice("ab ,;\"'é鳥-") for _ in range(8)).strip() or "x"
        onset = draw.randrange(10**6) / 1000
        rows.append((f"a {draw.randrange(9)}, b.wav", onset, onset + draw.randrange(1, 9999) / 1000, label))
    for delimiter in ",;\t":
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerows([("filename", "onset", "offset", "label"), *rows])
        found = events(content(tmp_path, text.getvalue()))
        frame = pandas.read_csv(tmp_path / "annotation.csv", sep=delimiter, keep_default_na=False)
        assert found == list(frame.itertuples(index=False, name=None)) and len(found) == 300


def test_blanks_may_follow_separators(tmp_path):
    text = 'filename, onset, offset, label\na b.wav, 0, 1, "red, big car"  \n'
    assert events(content(tmp_path, text)) == [("a b.wav", 0, 1, "red, big car")]


def test_times_may_have_decimal_commas_between_semicolons_only(tmp_path):
    text = "filename;onset;offset;label\na.wav;1,5;2;car\na.wav;0:01,25;1:02:03,5;dog\nb.wav;0.5;1,75;car\n"
    reading = content(tmp_path, text)
    expected = [("a.wav", 1.5, 2.0, "car"), ("a.wav", 1.25, 3723.5, "dog"), ("b.wav", 0.5, 1.75, "car")]
    assert events(reading) == expected
    assert sum("decimal comma" in remark for remark in reading.remarks) == 1
    assert "is not a time" in refusal(tmp_path, text.replace(";", "\t"))[1]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0:07", 7),
        ("1:30.25", 90.25),
        ("90:00", 5400),
        ("1:00:00.5", 3600.5),
        ("10:59:59", 39599),
        ("00:00:01", 1),
    ],
)
def test_times_may_be_minutes_and_hours(tmp_path, written, seconds):
    reading = content(tmp_path, f"filename,onset,offset,label\na.wav,0,{written},car\n")
    assert events(reading) == [("a.wav", 0, seconds, "car")]
    assert any("minutes and seconds" in remark for remark in reading.remarks)


def test_an_offset_is_onset_and_duration_and_both_must_agree(tmp_path):
    header = "filename,onset,duration,label\n"
    assert events(content(tmp_path, f"{header}a.wav,1.5,0.25,car\n")) == [("a.wav", 1.5, 1.75, "car")]
    point = content(tmp_path, f"{header}a.wav,1.5,0,car\n")
    assert not point.events and point.left_out == {"events without duration": 1}
    assert "not later" in refusal(tmp_path, "filename,onset,offset,label\na.wav,1.5,1,car\n")[1]
    both = "filename,onset,offset,duration,label\na.wav,1,2,1,car\n"
    rows = "a.wav,1,2,1.01,car\na.wav,1,,3,car\na.wav,1,2,,car\na.wav,,,,\n"
    found = [(onset, offset) for _, onset, offset, _ in events(content(tmp_path, both + rows))]
    assert found == [(1, 2), (1, 2), (1, 4), (1, 2)]
    line, message = refusal(tmp_path, f"{both}a.wav,1,2,1.011,car\n")
    assert line == 3 and "The offset 2 is not the sum of onset and duration, 2.011" in message


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-16", "UTF-16"), ("cp1252", "Windows-1252"), ("utf-8-sig", None)]
)
def test_other_encodings_are_read_and_said(tmp_path, encoding, name):
    reading = content(tmp_path, "filename;onset;offset;label\ncafé.wav;0;1;thé\n", encoding=encoding)
    assert events(reading) == [("café.wav", 0, 1, "thé")]
    assert reading.remarks == ([f"{tmp_path / 'annotation.csv'} is read as {name}."] if name else [])


def test_paths_of_windows_name_recordings(tmp_path):
    text = "filename,onset,offset,label\naudio\\street\\a.wav,0,1,car\n./b.wav,0,1,car\n"
    assert list(content(tmp_path, text).named) == ["audio/street/a.wav", "b.wav"]


# Published layouts


def test_strong_and_weak_labels_of_desed(tmp_path):
    strong = "filename\tonset\toffset\tevent_label\nY1.wav\t0.0\t3.4\tSpeech\nY2.wav\t\t\t\n"
    name, reading = read(tmp_path, strong, "strong.tsv")
    assert name == "events"
    assert events(reading) == [("Y1.wav", 0, 3.4, "Speech")] and list(reading.named) == ["Y1.wav", "Y2.wav"]
    weak = "filename\tevent_labels\nY1.wav\tSpeech,Alarm_bell_ringing, Dog\nY2.wav\tCat\nY3.wav\tnan\n"
    name, reading = read(tmp_path, weak, "weak.tsv")
    assert name == "csv" and reading.events == [] and list(reading.named) == ["Y1.wav", "Y2.wav", "Y3.wav"]
    assert [(tag.recording, tag.label, tag.line) for tag in reading.tags] == [
        ("Y1.wav", "Speech", 2),
        ("Y1.wav", "Alarm_bell_ringing", 2),
        ("Y1.wav", "Dog", 2),
        ("Y2.wav", "Cat", 3),
    ]


URBAN = """\
slice_file_name,fsID,start,end,salience,fold,classID,class
100032-3-0-0.wav,100032,0.0,0.317551,1,5,3,dog_bark
100263-2-0-117.wav,100263,58.5,62.5,1,5,2,children_playing
"""
ESC = """\
filename,fold,target,category,esc10,src_file,take
1-100032-A-0.wav,1,0,dog,True,100032,A
1-100038-A-14.wav,1,14,chirping_birds,False,100038,A
"""
FSD = 'fname,labels,mids,split\n64760,"Electric_guitar,Guitar","/m/02sgy,/m/0342h",train\n'


def test_weak_labels_of_other_data_sets_are_tags_and_never_events(tmp_path):
    # start and end of UrbanSound8K are those of the slice in its source, not of an event in the slice
    for text, tags, unread in (
        (
            URBAN,
            [("100032-3-0-0.wav", "dog_bark"), ("100263-2-0-117.wav", "children_playing")],
            "'start', 'end'",
        ),
        (ESC, [("1-100032-A-0.wav", "dog"), ("1-100038-A-14.wav", "chirping_birds")], "'target', 'esc10'"),
    ):
        reading = content(tmp_path, text)
        assert [(tag.recording, tag.label) for tag in reading.tags] == tags
        assert reading.events == [] and unread in reading.remarks[0]
    assert "'labels', 'mids'" in refusal(tmp_path, FSD)[1]
    tags = content(tmp_path, FSD, label_column="mids").tags
    assert [(tag.recording, tag.label) for tag in tags] == [("64760", "/m/02sgy"), ("64760", "/m/0342h")]


def test_a_comma_separates_weak_labels_of_a_column_in_the_plural_only(tmp_path):
    assert "label is missing" in refusal(tmp_path, 'filename,labels\na.wav,"car,,dog"\n')[1]
    tags = content(tmp_path, 'filename,label\na.wav,"Male speech, man speaking"\n').tags
    assert [tag.label for tag in tags] == ["Male speech, man speaking"]


def test_audioset_strong_is_read_as_it_is(tmp_path):
    text = (
        "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"
        "b0RFKhbpFJA_30000\t0.000\t10.000\t/m/03m9d0z\nb0RFKhbpFJA_30000\t4.753\t5.720\t/m/05zppz\n"
    )
    name, reading = read(tmp_path, text, "audioset_eval_strong.tsv")
    assert name == "csv" and reading.remarks == []
    assert events(reading) == [
        ("b0RFKhbpFJA_30000", 0, 10, "/m/03m9d0z"),
        ("b0RFKhbpFJA_30000", 4.753, 5.72, "/m/05zppz"),
    ]


MAESTRO = "onset\toffset\tevent_label\tsoft_label\n" + "".join(
    f"{second}\t{second + 1}\t{label}\t{value}\n"
    for label, values in {"car": (0.2, 0.5, 0.7, 1, 0.49, 0.9), "birds": (0, 0, 1, 0, 0, 0)}.items()
    for second, value in enumerate(values)
)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("name", ["cafe_00.txt", "cafe_00.tsv"])
def test_soft_labels_of_maestro_are_events_for_a_threshold_only(tmp_path, header, name):
    text = MAESTRO if header else MAESTRO.partition("\n")[2]
    line, message = refusal(tmp_path, text, name, recordings=["cafe_00"])
    assert line == (2 if header else 1)
    assert ("'car' has the soft label 0.2" if header else "the number after the label") in message
    assert "--soft=0.5" in message
    form, reading = read(tmp_path, text, name, recordings=["cafe_00"], soft=0.5)
    assert form == "csv_per_recording"
    assert sorted(events(reading)) == [
        ("cafe_00", 1, 4, "car"),
        ("cafe_00", 2, 3, "birds"),
        ("cafe_00", 5, 6, "car"),
    ]
    # 12 values: 7 below, 5 of 0.5 or more, of which two continue one before
    assert reading.left_out == {"soft labels below 0.5": 7, "soft labels that continue those before them": 2}
    assert reading.remarks == [
        "Soft labels of 0.5 or more count as events; those of one label that touch are joined."
    ]
    assert [
        event[1:3] for event in events(content(tmp_path, text, name, recordings=["cafe_00"], soft=1.0))
    ] == [
        (2, 3),
        (3, 4),
    ]


@pytest.mark.parametrize("word", ["soft_label", "value", "Probability", "soft label"])
def test_soft_labels_of_0_and_1_are_hard(tmp_path, word):
    header = f"filename,onset,offset,label,{word}\n"
    reading = content(tmp_path, f"{header}a.wav,0,1,car,0\na.wav,1,2,car,1\nb.wav,1,2,car,0.0\n")
    assert events(reading) == [("a.wav", 1, 2, "car")] and list(reading.named) == ["a.wav", "b.wav"]
    assert reading.left_out == {"rows with the soft label 0": 2}
    for value in ("0.999", "1.5", "-1", "", "nan", "much"):
        line, message = refusal(tmp_path, f"{header}a.wav,0,1,car,1\na.wav,0,1,car,{value}\n")
        assert line == 3
    for value in ("1.5", "-1", "", "nan", "much"):
        line, message = refusal(tmp_path, f"{header}a.wav,0,1,car,{value}\n", soft=0.5)
        assert line == 2 and "no soft label" in message


def test_soft_labels_are_joined_as_by_brute_force_on_a_grid(tmp_path):
    draw = random.Random(3)
    for _ in range(20):
        rows = [
            (name, second, label, round(draw.random(), 2))
            for name in ("a", "b")
            for label in ("car", "dog")
            for second in range(30)
        ]
        draw.shuffle(rows)
        text = "file,start,end,label,value\n" + "".join(
            f"{name},{second},{second + 1},{label},{value}\n" for name, second, label, value in rows
        )
        active = {(name, label, second) for name, second, label, value in rows if value >= 0.4}
        expected = set()
        for name, label, second in active:
            if (name, label, second - 1) not in active:
                end = next(end for end in range(second, 99) if (name, label, end) not in active)
                expected.add((name, second, end, label))
        assert set(events(content(tmp_path, text, soft=0.4))) == expected
