"""Bad scans among good ones: each told in one line, none stops the others."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from workflow_runs import DEMO, snakemake

from cpimaging.io import read_json, read_table

Change = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
SOURCE = "sub-02"


def same(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return data, affine


def two_volumes(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([data, data], axis=-1), affine


def trailing_axis(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return data[..., None], affine


def zeros(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return data * 0, affine


def nan_inside(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    data = data.astype(np.float32)
    data[tuple(n // 2 for n in data.shape)] = np.nan
    return data, affine


def nan_outside(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    data = data.astype(np.float32)
    data[0, 0, 0] = np.nan
    return data, affine


def noise(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).integers(1, 1000, data.shape).astype(data.dtype), affine


def few_slices(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower 50 mm, with a background that is not 0, as in a head that was not extracted."""
    return data[:, :, : round(50 / affine[2, 2])] + 1, affine


def moved_by(mm: float) -> Change:
    def move(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        affine = affine.copy()
        affine[0, 3] += mm
        return data, affine

    return move


def up_to_255(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (data * 255).astype(np.uint8), affine


def on_a_finer_cropped_grid(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    finer = data.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)[2:, 4:, 6:]
    scale = np.diag([0.5, 0.5, 0.5, 1.0])
    scale[:3, 3] = np.array([2, 4, 6]) * 0.5 - 0.25
    return finer, affine @ scale


# name -> what is done to the image, to the mask, and words of the message (None: accepted)
CASES: dict[str, tuple[Change, Change, str | None]] = {
    "good": (same, same, None),
    "axis255": (trailing_axis, up_to_255, None),
    "nangrid": (nan_outside, on_a_finer_cropped_grid, None),
    "maskempty": (same, zeros, None),
    "twovolumes": (two_volumes, same, "has 2 volumes"),
    "zero": (zeros, same, "holds only zeros"),
    "naninside": (nan_inside, same, "inside the brain that are not numbers"),
    "noise": (noise, same, "no brain found"),
    "fewslices": (few_slices, same, "mm of the head, too little to find a brain in"),
    "maskfar": (same, moved_by(400), "does not meet that of the T1w"),
    "masklost": (same, moved_by(40), "has the shape of the scan but another position"),
    "truncated": (same, same, "truncated"),
}
REFUSED = {name: message for name, (_, _, message) in CASES.items() if message}
ACCEPTED = [name for name in CASES if name not in REFUSED]


def write(path: Path, source: Path, change: Change) -> None:
    image = nib.load(source)
    data, affine = change(np.asanyarray(image.dataobj), image.affine)
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(data, affine), path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Exit code and results of a run on one good scan and its spoilt copies, left in template space."""
    folder = tmp_path_factory.mktemp("bad")
    mask = f"{SOURCE}_space-orig_label-L_mask.nii.gz"
    lesions = Path("derivatives/lesions")
    for part in (Path(), lesions):
        (folder / "bids" / part).mkdir(parents=True, exist_ok=True)
        shutil.copy(DEMO / part / "dataset_description.json", folder / "bids" / part)
    for name, (image_change, mask_change, _) in CASES.items():
        image = folder / f"bids/sub-{name}/anat/sub-{name}_T1w.nii.gz"
        write(image, DEMO / f"{SOURCE}/anat/{SOURCE}_T1w.nii.gz", image_change)
        target = folder / "bids" / lesions / f"sub-{name}/anat" / mask.replace(SOURCE, f"sub-{name}")
        write(target, DEMO / lesions / SOURCE / "anat" / mask, mask_change)
        if name == "truncated":
            image.write_bytes(image.read_bytes()[:20000])
    done = snakemake(folder, bids_dir="bids", output_dir="my results", engine="identity")
    return done.returncode, folder / "my results"


def summary(out: Path) -> pd.DataFrame:
    return read_table(out / "logs/summary.tsv").set_index("participant_id")


def test_the_exit_code_says_that_scans_failed_and_the_page_is_there(run: tuple[int, Path]) -> None:
    code, out = run
    assert code != 0
    assert (out / "index.html").is_file()


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_scan_is_told_in_one_line(run: tuple[int, Path], name: str) -> None:
    row = summary(run[1]).loc[f"sub-{name}"]
    assert row["status"] == "failed"
    assert REFUSED[name] in row["message"]
    assert ";" in row["message"]  # the cure
    log = (run[1] / row["log"]).read_text()
    assert "Traceback" not in log
    assert len(log.strip().splitlines()) == 1
    assert f"sub-{name}" in log
    assert not (run[1] / f"sub-{name}.html").exists()
    assert REFUSED[name] in (run[1] / "index.html").read_text()


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_others_finish_with_the_exact_volume(run: tuple[int, Path], name: str) -> None:
    assert summary(run[1]).loc[f"sub-{name}", "status"] == "done"
    load = read_table(run[1] / "group_desc-lesionload_stats.tsv")  # the group table has n/a: QC fails
    load = load[load["tissue"] != "overlay"]
    sizes = load["lesion_volume_mm3"].replace("n/a", "nan").astype(float)  # no age: fine structures are n/a
    volumes = sizes.groupby(load["participant_id"]).sum()
    expected = 0.0 if name == "maskempty" else volumes["sub-good"]
    assert volumes[f"sub-{name}"] == pytest.approx(expected, rel=1e-9)
    assert volumes["sub-good"] > 1000


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("nangrid", "desc-preproc_T1w", "were not numbers"),
        ("axis255", "space-orig_label-L_mask", "the higher counts as inside"),
        ("nangrid", "space-orig_label-L_mask", "lies on another grid"),
    ],
)
def test_what_was_accepted_with_a_note_says_so(
    run: tuple[int, Path], name: str, file: str, words: str
) -> None:
    notes = read_json(run[1] / f"sub-{name}/anat/sub-{name}_{file}.json")["Notes"]
    assert any(words in note for note in notes), notes
    assert words in (run[1] / f"sub-{name}.html").read_text()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"bids_dir": "nowhere"}, "no such folder"),
        ({"bids_dir": "."}, "is not a BIDS dataset"),
        ({"bids_dir": "bids", "participant_label": "nobody"}, "no such participant"),
        ({"bids_dir": "bids", "engine": "magic"}, "'magic' is not one of"),
        ({"bids_dir": "bids", "colour": "blue"}, "colour: is no key of the configuration"),
    ],
)
def test_a_wrong_configuration_is_one_line(run: tuple[int, Path], config: dict[str, str], words: str) -> None:
    done = snakemake(run[1].parent, "-n", output_dir="elsewhere", **config)
    told = [line for line in done.stderr.splitlines() if line.startswith("cpimaging: ")]
    assert done.returncode == 2
    assert len(told) == 1
    assert words in told[0]
    assert "Traceback" not in done.stderr
    assert not (run[1].parent / "elsewhere").exists()
