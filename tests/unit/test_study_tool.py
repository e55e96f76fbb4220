"""Commands of the user: what their placeholders become."""

from pathlib import Path

import pytest

from cpimaging.study.tool import check_placeholders, run_tool
from cpimaging.types import InputError

NASTY = [
    "a;touch pwned;b",
    "a'b;touch pwned;'c",
    "$(touch pwned)",
    "`touch pwned`",
    'a"b',
    "a b",
    "a\\b",
    "-a",
]


@pytest.mark.parametrize("name", NASTY)
def test_a_file_name_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("content")
    run_tool("brain_command", "cp {image} {out}", {"image": tmp_path / name}, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "content"
    assert not (tmp_path / "pwned").exists()
    with pytest.raises(InputError, match="quoted already"):
        run_tool("brain_command", "cp '{image}' {out}", {"image": tmp_path / name}, tmp_path / "out")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "command",
    [
        "tool --opt 'a b' {image} {out}",
        'tool --name "it\'s" {image} {out}',
        "X='{{x}}'; tool {image} {out} | tee 'log file'",
        "tool it\\'s {image} {out}",
        "tool '\\' {image} {out}",
    ],
)
def test_quotes_elsewhere_are_the_users_own(command: str) -> None:
    check_placeholders("brain_command", command, ("image", "out"), ("image", "out"))
