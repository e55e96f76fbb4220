"""Real stroke masks: a published table is reproduced."""

from pathlib import Path

import numpy as np
import pytest
import soop

from cpimaging.io import read_table
from cpimaging.stages.masks import MaskJob, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not soop.DATA.is_dir(), reason="../shared/data/soop_stroke is absent"),
]
FEW = "sub-1[0-4]*"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soop")
    atlas = soop.write_territories(folder / "atlas")
    run(MaskJob(soop.DATA / "masks", folder / "out", soop.SPACE, str(atlas), pattern=FEW, scorers=""))
    return folder / "out"


def test_the_published_table_comes_out_exactly(out: Path) -> None:
    ours = soop.measured(out).pivot_table(index="participant_id", columns="code", values="share")
    theirs = soop.published()
    assert len(ours) > 100
    assert set(ours.columns) == set(range(1, 33))  # their script drops the last region
    assert np.abs(ours[list(range(1, 32))] - theirs.loc[ours.index]).to_numpy().max() <= 1e-9


def test_without_scorers_nothing_is_called_and_ages_come_from_the_folder_above(out: Path) -> None:
    patterns = read_table(out / "group_patterns.tsv")
    assert set(patterns["dominance"]) == {"not_assessed"}
    assert set(patterns["qc"]) == {"not_applicable"}
    assert set(patterns["not_assessed_reason"]) == {"no scorer was chosen"}
    assert (patterns["age_years"] != "n/a").mean() > 0.5
