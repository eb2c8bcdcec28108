import pytest

from benchgrad.benchmarks.files import write_atomically
from benchgrad.benchmarks.records import RecordError, read_results

UNREADABLE = {
    "absent": (None, "cannot be read"),
    "empty": (b"", "is damaged"),
    "cut off": (b'{"schema_version": 1, "cel', "is damaged"),
    "no JSON": (b"epochs: 3", "is damaged"),
    "not UTF-8": (b'{"schema_version": 1, "command": "\xff"}', "is damaged"),
    "a list": (b"[1]", "is damaged"),
    "no version": (b"{}", "is damaged"),
    "version as text": (b'{"schema_version": "1"}', "is damaged"),
    "nothing but a version": (b'{"schema_version": 1}', "is damaged"),
    "unknown field": (b'{"schema_version": 1, "surprise": true}', "is damaged"),
    "nested too deeply": (b'{"schema_version": 1, "x": ' + b"[" * 100_000, "is damaged"),
    "another version": (b'{"schema_version": 999}', "has schema version 999"),
}


@pytest.mark.parametrize(("content", "complaint"), UNREADABLE.values(), ids=UNREADABLE)
def test_records_that_cannot_be_read_get_one_line(tmp_path, content, complaint):
    path = tmp_path / "results.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError) as error:
        read_results(tmp_path)
    assert str(error.value).startswith(f"{path} {complaint}")
    assert "\n" not in str(error.value)


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    (tmp_path / ".file.partial").mkdir()  # the next write fails before it is done
    with pytest.raises(OSError, match="partial"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    (tmp_path / ".file.partial").rmdir()
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
