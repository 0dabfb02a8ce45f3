"""What is written as YAML is read again."""

from pyannote.audio.io.yaml_files import load_yaml, write_yaml


def test_a_value_that_occurs_twice_is_written_in_full(tmp_path):
    labels = {"regular": ["car"]}
    write_yaml(tmp_path / "a.yml", {"one": labels, "other": labels})
    assert load_yaml(tmp_path / "a.yml", "") == {"one": labels, "other": labels}
