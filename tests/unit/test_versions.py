import pytest

from cpimaging import versions


def test_versions_of_libraries_that_are_not_there_are_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "LIBRARIES", ("numpy", "no-such-library"))
    found = versions.software_versions()
    assert list(found) == ["cpimaging", "numpy", "no-such-library"]
    assert found["no-such-library"] == "n/a"
    assert found["numpy"][0].isdigit()
