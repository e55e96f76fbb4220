"""Links in datasets: to what lies elsewhere, is gone, or is read at another place."""

from collections.abc import Mapping
from pathlib import Path

from entrances import planning_refused
from kinds import Kind, refusal, refused
from kinds_studies import scans, touch
from kinds_tables import tree

from cpimaging.bids.listing import list_scans


def linked(made: str, words: str, links: Mapping[str, str], label: str = "sub-x") -> Kind:
    """Return a kind of links, by their target, in a dataset with sub-good; `words` must be all that x has."""

    def check(folder: Path) -> None:
        touch(tree(folder / "bids", ("good",)), "../other/sub-x/anat/sub-x_T1w.nii.gz")
        for name, target in links.items():
            (folder / "bids" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "bids" / name).symlink_to(target.format(folder=folder))
        other = scans(folder / "bids")[label]
        assert [*other.problems, *other.images.values()] == [words]

    result = words if words.endswith(".gz") else f"its scan alone fails: “{words}”"
    return Kind("file system", made, result, check)


LOST = "is a link to a folder that is not there; restore it or delete it"
TWIN = "is a link to another folder of the dataset; put a folder in its place"
READ = "sub-x/anat/sub-x_T1w.nii.gz"


def earlier_link(folder: Path) -> None:
    """Links that sort before what they lead to leave it where it is, whether near or deep below."""
    tree(folder, ("good",))
    (folder / "aa").symlink_to("sub-good/anat")
    (folder / "sub-a").symlink_to("sub-good")
    assert sorted(scans(folder)) == ["sub-a", "sub-good"]


def masks_that_are_lost(folder: Path) -> None:
    """Nothing is searched for where a link says that masks were there."""
    for name in ("derivatives", "derivatives/lesions"):
        bids = tree(folder / name.replace("/", "_"), ("good",))
        (bids / name).parent.mkdir(exist_ok=True)
        (bids / name).symlink_to("/nowhere")
        refusal(lambda: list_scans(bids), LOST, name)  # noqa: B023


def files_that_are_lost(folder: Path) -> None:
    """Files in git-annex lead nowhere too, and are no folders."""
    tree(folder, ("good",))
    (folder / "derivatives/l/sub-good/anat").mkdir(parents=True)
    for name in (
        "README",
        "derivatives/README",
        "derivatives/x.json",
        "derivatives/l/sub-good/anat/sub-good_xfm.h5",
    ):
        (folder / name).symlink_to(".git/annex/objects/x")
    assert list(scans(folder)) == ["sub-good"]


def output_within(folder: Path) -> None:
    """Raw data are no place for results, by a link or without."""
    bids = tree(folder / "bids", ("good",))
    (folder / "link").symlink_to(bids / "sub-good")
    for out in (
        bids / "sub-good",
        bids / "sub-good/anat",
        bids / "sub-new/out",
        folder / "link",
        folder / "link/o",
    ):
        refusal(lambda: list_scans(bids, output_dir=out), "lies in the folder of a participant", "sub-")  # noqa: B023


def output_lost(folder: Path) -> None:
    tree(folder / "bids", ("good",))
    (folder / "out").symlink_to("/nowhere/out")
    for out in ("out", "out/deep"):
        config = {"bids_dir": str(folder / "bids"), "output_dir": str(folder / out)}
        planning_refused(config, "out is a link to what is not there", "out")


KINDS = [
    linked("a link to a participant elsewhere", READ, {"sub-x": "{folder}/other/sub-x"}),
    linked("a link to an anat folder elsewhere", READ, {"sub-x/anat": "{folder}/other/sub-x/anat"}),
    linked("a link to an image elsewhere", READ, {READ: "{folder}/other/" + READ}),
    linked("a link to a participant that is gone", f"sub-x: {LOST}", {"sub-x": "/nowhere/sub-x"}),
    linked("a link to a session that is gone", f"sub-x/ses-2: {LOST}", {"sub-x/ses-2": "gone"}, "sub-x_ses-2"),
    linked("a link to an anat folder that is gone", f"sub-x/anat: {LOST}", {"sub-x/anat": "gone"}),
    linked("a participant that is a link to itself", f"sub-x: {LOST}", {"sub-x": "sub-x"}),
    linked("a participant that is a link to another", f"sub-x: {TWIN}", {"sub-x": "sub-good"}),
    linked("a session that is a link to another", f"sub-x/ses-2: {TWIN}", {"sub-x/ses-1": "{folder}/other/sub-x", "sub-x/ses-2": "ses-1"}, "sub-x_ses-2"),
    Kind("file system", "links that sort before what they lead to", "what they lead to is read where it lies", earlier_link),
    Kind("file system", "derivatives, or a folder in it, a link to what is gone", refused(LOST), masks_that_are_lost),
    Kind("file system", "other files whose git-annex content is not there", "count as nothing", files_that_are_lost),
    Kind("file system", "output_dir in a participant's folder, five ways", refused("lies in the folder of a participant"), output_within),
    Kind("file system", "output_dir that is a link to what is gone", refused("is a link to what is not there"), output_lost),
]  # fmt: skip
