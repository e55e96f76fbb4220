"""What a run says in the end; as a module of another workflow: tests/workflow/test_module.py."""

from pathlib import Path

import pytest

from cpimaging.handlers import told_in_the_end


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("sub-01\tdone\nsub-02\tfailed\n", "1 done, 1 failed: out/logs/summary.tsv"),
        ("sub-01\tnot run\nsub-02\tfailed\n", "0 done, 1 failed, 1 not run: out/logs/summary.tsv"),
        ("sub-01\tdone\nsub-02\tdone\n", "2 done"),
    ],
    ids=["failed", "not run", "done"],
)
def test_the_last_lines_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, told: str
) -> None:
    told_in_the_end(tmp_path, "out")
    assert capsys.readouterr().err == ""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/summary.tsv").write_text(f"participant_id\tstatus\n{rows}")
    told_in_the_end(tmp_path, "out")
    assert capsys.readouterr().err == f"cpimaging: {told}\ncpimaging: out/index.html\n"
