import pytest

from benchgrad.benchmarks.records import RecordError, read_results, write_atomically


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read"),
        (b'{"schema_version": 1, "cel', "is damaged"),
        (b"[1]", "is damaged"),
        (b'{"schema_version": 1}', "is damaged"),
        (b'{"schema_version": 999}', "has schema version 999"),
    ],
)
def test_records_that_cannot_be_read_get_one_line(tmp_path, content, complaint):
    if content is not None:
        (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(RecordError) as error:
        read_results(tmp_path)
    assert complaint in str(error.value)
    assert "results.json" in str(error.value)
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
