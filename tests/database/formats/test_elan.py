"""Annotation of ELAN."""

import pytest
from annotation_texts import events, looks_right, read, refused

EAF = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="x" FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x%20y/a.wav" RELATIVE_MEDIA_URL="./a.wav"/>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
    <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1250"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
    <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="3500"/>
    <TIME_SLOT TIME_SLOT_ID="ts5"/>
  </TIME_ORDER>
  <TIER TIER_ID="sounds" LINGUISTIC_TYPE_REF="default-lt">
    <ANNOTATION>
      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
        <ANNOTATION_VALUE>car</ANNOTATION_VALUE>
      </ALIGNABLE_ANNOTATION>
    </ANNOTATION>
    <ANNOTATION>
      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
        <ANNOTATION_VALUE>people &amp; dogs</ANNOTATION_VALUE>
      </ALIGNABLE_ANNOTATION>
    </ANNOTATION>
  </TIER>
  <TIER TIER_ID="comments" PARENT_REF="sounds">
    <ANNOTATION>
      <REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1"><ANNOTATION_VALUE/></REF_ANNOTATION>
    </ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""
SOUNDS = [(0.5, 1.25, "car"), (2.0, 3.5, "people & dogs")]


def second_tier(name="bob", slot="ts2", value="hello"):
    """The document with a tier more."""
    tier = (
        f'<TIER TIER_ID="{name}"><ANNOTATION>'
        f'<ALIGNABLE_ANNOTATION TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="{slot}">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>\n"
    )
    return EAF.replace("</ANNOTATION_DOCUMENT>", f"{tier}</ANNOTATION_DOCUMENT>")


def test_milliseconds_become_seconds_and_references_are_counted(tmp_path):
    reading = read(tmp_path, "elan", EAF)
    assert events(reading) == SOUNDS
    assert [event.line for event in reading.events] == [15, 20]
    assert reading.left_out == {"annotations that refer to others": 1}
    assert not reading.remarks
    assert looks_right(tmp_path, "elan", EAF)


def test_the_encoding_is_the_one_that_is_declared(tmp_path):
    text = EAF.replace("UTF-8", "ISO-8859-1").replace("dogs", "caf\xe9s")
    assert events(read(tmp_path, "elan", text.encode("latin-1")))[1][2] == "people & caf\xe9s"
    text = EAF.replace("UTF-8", "UTF-16")
    assert events(read(tmp_path, "elan", text.encode("utf-16"))) == SOUNDS
    for name in ("klingon", "gb2312"):
        refused(tmp_path, "elan", EAF.replace("UTF-8", name), 1, "encoding")


def test_several_tiers_are_refused_until_one_or_all_are_chosen(tmp_path):
    refused(tmp_path, "elan", second_tier(), 13, "several tiers: 'sounds', 'bob'")
    assert events(read(tmp_path, "elan", second_tier(), tier="bob")) == [(0.5, 1.25, "hello")]
    assert events(read(tmp_path, "elan", second_tier(), tier="*")) == [*SOUNDS, (0.5, 1.25, "hello")]
    reading = read(tmp_path, "elan", second_tier(), tier_labels=True)
    assert [event.label for event in reading.events] == ["sounds", "sounds", "bob"]
    refused(tmp_path, "elan", EAF, 13, "no tier 'comments' of intervals: 'sounds'", tier="comments")


def test_slots_without_times_are_refused_if_they_are_needed(tmp_path):
    refused(tmp_path, "elan", second_tier(slot="ts5"), 30, "'bob' has no time of its own", tier="bob")
    assert events(read(tmp_path, "elan", second_tier(slot="ts5"), tier="sounds")) == SOUNDS


def test_an_annotation_without_a_label_is_refused_unless_the_tier_is_the_label(tmp_path):
    refused(tmp_path, "elan", second_tier(value=" "), 30, "label is missing", tier="bob")
    assert events(read(tmp_path, "elan", second_tier(value=""), tier="bob", tier_labels=True)) == [
        (0.5, 1.25, "bob")
    ]


def test_annotation_of_other_media_is_remarked(tmp_path):
    reading = read(tmp_path, "elan", EAF.replace("a.wav", "b.wav"))
    assert not read(tmp_path, "elan", EAF.replace("a.wav", "%61.wav")).remarks
    assert len(reading.remarks) == 1 and "'b.wav'" in reading.remarks[0] and "'a'" in reading.remarks[0]


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("<ANNOTATION_DOCUMENT", "<!DOCTYPE x [<!ENTITY y 'z'>]>\n<ANNOTATION_DOCUMENT", 2, "has a DOCTYPE"),
        ("ANNOTATION_DOCUMENT", "DOCUMENT", 2, "and not ANNOTATION_DOCUMENT"),
        ("</TIME_ORDER>", "", 30, "not valid XML"),
        ("&amp;", "&amp", 21, "not valid XML"),
        ("&amp;", "&nothing;", 21, "not valid XML"),
        ('TIME_UNITS="milliseconds"', 'TIME_UNITS="PAL-frames"', 3, "not in milliseconds"),
        ("RELATIVE_MEDIA_URL", 'TIME_ORIGIN="1000" RELATIVE_MEDIA_URL', 4, "does not begin with its media"),
        ('TIME_SLOT_ID="ts2"', 'TIME_SLOT_ID="ts1"', 8, "'ts1' occurs twice"),
        ('TIME_SLOT_ID="ts5"', 'TIME_SLOT_ID="ts4"', 11, "'ts4' occurs twice"),
        ('TIME_SLOT_ID="ts2"', "", 8, "has no TIME_SLOT_ID"),
        ('TIME_VALUE="1250"', 'TIME_VALUE="soon"', 8, "'soon' is not a time"),
        ('TIME_VALUE="1250"', 'TIME_VALUE="400"', 15, "cannot last from 0.5 s to 0.4 s"),
        ('TIME_SLOT_REF2="ts2"', 'TIME_SLOT_REF2="ts9"', 15, "no slot of time 'ts9'"),
        ('TIME_SLOT_REF2="ts2"', "", 15, "has no TIME_SLOT_REF2"),
        ('TIER_ID="sounds"', "", 13, "has no TIER_ID"),
    ],
)
def test_damage_is_refused(tmp_path, before, after, line, message):
    assert before in EAF
    count = -1 if before == "ANNOTATION_DOCUMENT" else 1
    refused(tmp_path, "elan", EAF.replace(before, after, count), line, message)


def test_a_document_without_tiers_is_refused(tmp_path):
    refused(tmp_path, "elan", "<ANNOTATION_DOCUMENT/>", 1, "no tier of intervals: none")


def test_bombs_are_refused_at_once(tmp_path):
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(30))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "lol">{entities}]>\n<ANNOTATION_DOCUMENT>&e30;</ANNOTATION_DOCUMENT>'
    refused(tmp_path, "elan", bomb, 1, "DOCTYPE")
    refused(tmp_path, "elan", "<A>\n" * 100_000, 51, "nested more than 50 levels")


def test_annotations_without_duration_are_counted(tmp_path):
    reading = read(tmp_path, "elan", second_tier(slot="ts1"), tier="bob")
    assert reading.left_out == {"events without duration": 1}
