"""Configurations, commands and overrides: what a user chose."""

import shlex
from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
from entrances import command_refused, planning_refused
from kinds import Kind, refusal, refused
from kinds_masks import image
from kinds_tables import tree, write

from cpimaging.io import read_yaml
from cpimaging.lesions.kinds import read_kinds
from cpimaging.scorers.overrides import Override
from cpimaging.study.overrides import read_overrides
from cpimaging.study.tool import run_tool


def config(made: str, words: str, name: str, **choices: object) -> Kind:
    """Return a kind of a configuration; FOLDER in a choice is the folder of the dataset."""

    def check(folder: Path) -> None:
        tree(folder / "bids", ("good",))
        given = {"bids_dir": str(folder / "bids"), "output_dir": str(folder / "out"), **choices}
        full = {
            key: value.replace("FOLDER", str(folder)) if isinstance(value, str) else value
            for key, value in given.items()
        }
        planning_refused(full, words, name)
        assert not (folder / "out").exists()

    return Kind("configuration", made, refused(words), check)


ATTRIBUTES, QUOTES = "says how {T1w} is to be written", "paths are quoted already"
CONFIG = [
    config("an unknown key", "is no key of the configuration; did you mean atlas?", "atlass", atlass="embedded"),
    config("a key of another case", "is no key of the configuration", "BIDS_DIR", BIDS_DIR="x"),
    config("a number for a folder", "is not of type 'string'", "bids_dir", bids_dir=5),
    config("a list for a folder", "is not of type 'string'", "output_dir", output_dir=["a"]),
    config("an empty bids_dir", "bids_dir", "bids_dir", bids_dir=""),
    config("bids_dir that is not there", "no such folder", "nowhere", bids_dir="nowhere"),
    config("bids_dir that is a file", "no such folder", "participants.tsv", bids_dir="FOLDER/bids/participants.tsv"),
    config("bids_dir within a participant", "is not a BIDS dataset", "sub-good", bids_dir="FOLDER/bids/sub-good"),
    config("braces in bids_dir", "holds a brace or a line break", "bids_dir", bids_dir="FOLDER/{x}"),
    config("a line break in output_dir", "holds a brace or a line break", "output_dir", output_dir="a\nb"),
    config("output_dir is bids_dir", "is also the output_dir", "bids", output_dir="FOLDER/bids"),
    config("output_dir below a file", "is a file", "out", output_dir="FOLDER/bids/dataset_description.json/out"),
    config("an engine that is none", "is not one of", "engine", engine="magic"),
    config("detection as a truth value (YAML's on)", "True is not of type", "detection", detection=True),
    config("a scorer that is none", "", "tarot", scorers="tarot"),
    config("a scorer that is none, as a list", "is not one of", "scorers", scorers=["tarot"]),
    config("an atlas that is none", "no such atlas folder", "nowhere", atlas="nowhere"),
    config("participant_label that nobody has", "no such participant", "participant_label", participant_label="nobody"),
    config("participant_label as a fraction", "is not of type", "participant_label", participant_label=1.5),
    config("session_label without sessions", "the dataset has no sessions", "session_label", session_label="1"),
    config("lesions_dir that is not there", "no such folder", "nowhere", lesions_dir="nowhere"),
    config("lesions_dir without masks", "no file in it has the name of a lesion mask", "lesions_dir", lesions_dir="FOLDER/bids/sub-good"),
    config("lesion_pattern without {participant}", "has no {participant}", "lesion_pattern", lesion_pattern="masks/*.nii.gz"),
    config("lesion_pattern with {subject}", "{subject} is not known", "lesion_pattern", lesion_pattern="{subject}.nii.gz"),
    config("lesion_pattern that fits nothing", "fits no file", "lesion_pattern", lesion_pattern="x/{participant}.nii.gz"),
    config("lesion_command {T1w!z}", ATTRIBUTES, "lesion_command", lesion_command="tool {T1w!z} {out}"),
    config("lesion_command {T1w:d}", ATTRIBUTES, "lesion_command", lesion_command="tool {T1w:d} {out}"),
    config("lesion_command {T1w:{foo}}", ATTRIBUTES, "lesion_command", lesion_command="tool {T1w:{foo}} {out}"),
    config("lesion_command {T1w.__class__}", "unknown placeholder", "lesion_command", lesion_command="tool {T1w.__class__} {out}"),
    config("lesion_command {0}", "unknown placeholder", "lesion_command", lesion_command="tool {0} {out}"),
    config("lesion_command with an open brace", "cannot be read", "lesion_command", lesion_command="tool {T1w {out}"),
    config("lesion_command without {out}", "has no {out}", "lesion_command", lesion_command="tool {T1w}"),
    config("lesion_command without an image", "reads no image", "lesion_command", lesion_command="tool {out}"),
    config("lesion_command '{T1w}' in quotes", QUOTES, "lesion_command", lesion_command="tool '{T1w}' {out}"),
    config("lesion_command \"{T1w}\" in quotes", QUOTES, "lesion_command", lesion_command='tool "{T1w}" {out}'),
    config("lesion_command `{T1w}`", QUOTES, "lesion_command", lesion_command="tool `cat {T1w}` {out}"),
    config("brain_command '{image}' in quotes", QUOTES, "brain_command", brain_command="cp '{image}' {out}"),
    config("brain_command with {T1w}", "unknown placeholder", "brain_command", brain_command="cp {T1w} {out}"),
    config("adc_norm that is not there", "", "nowhere", adc_norm="nowhere"),
    config("overrides that are not there", "no such file", "nowhere.tsv", overrides="nowhere.tsv"),
    config("overrides that are a folder", "is a folder, not a table", "bids", overrides="FOLDER/bids"),
]  # fmt: skip


def names_in_commands(folder: Path) -> None:
    """A file's name is never run by the shell that a user's command goes through."""
    for name in (
        "a;touch pwned;_T1w",
        "a$(touch pwned)_T1w",
        "a`touch pwned`_T1w",
        "a' 'touch pwned'_T1w",
        'a" b_T1w',
    ):
        (folder / f"{name}.nii").write_bytes(b"x")
        out = folder / "o.nii"
        run_tool(
            "brain_command",
            f"cd {shlex.quote(str(folder))}; cp {{image}} {{out}}",
            {"image": folder / f"{name}.nii"},
            out,
        )
        assert out.read_bytes() == b"x"
    assert not (folder / "pwned").exists()


def yaml_objects(folder: Path) -> None:
    """A YAML file makes no object of Python."""
    path = folder / "c.yaml"
    path.write_text("bids_dir: !!python/object/apply:os.system ['touch pwned']\n")
    try:
        read_yaml(path)
    except Exception as error:
        assert "could not determine a constructor" in str(error)  # noqa: PT017
    else:
        raise AssertionError("an object was made")


def space_names(folder: Path) -> None:
    """The name of a space leads nowhere."""
    nib.save(image(), folder / "sub-1_mask.nii.gz")
    for space in ("A/../../B", "..", "*", "", "MNI 152", "a\nb"):
        command_refused("is no name of a space", "space", "masks", folder, folder / "out", "--space", space)
    assert not (folder / "out").exists()


SAFE = [
    Kind(
        "configuration",
        "names of files with ;, $(…), `…` and quotes in commands",
        "none is run",
        names_in_commands,
    ),
    Kind("configuration", "a Python object in YAML", "refused by the reader", yaml_objects),
    Kind("configuration", "--space A/../../B and the like", refused("is no name of a space"), space_names),
]


LABELS = ("sub-01", "sub-02", "sub-03_ses-1", "sub-03_ses-2")
HEADER = "participant_id\tsession_id\tverdict\tqc\treason\n"


def labels(made: str, words: str, rows: str) -> Kind:
    """Return a kind of labels.tsv beside masks."""

    def check(folder: Path) -> None:
        (folder / "labels.tsv").write_text(f"index\tkind\n{rows}")
        refusal(lambda: read_kinds(folder), words, "labels.tsv")

    return Kind("labels.tsv", made, refused(words), check)


LABELS_TSV = [
    labels("one value, two kinds", "gives the value 1 two kinds", "1\tgliosis\n1\tcavity\n"),
    labels("1 and 01, two kinds", "gives the value 1 two kinds", "1\tgliosis\n01\tcavity\n"),
    labels("the value ²", "names ²: cavity", "²\tcavity\n"),
    labels("a value of 1.5", "names 1.5: cavity", "1.5\tcavity\n"),
    labels("a kind that is not known", "names 1: necrosis", "1\tnecrosis\n"),
    labels("the value 0, which is the background", "names 0: cavity", "0\tcavity\n"),
    labels("a value in another script", "names ١: cavity", "١\tcavity\n"),
    labels("no value at all", "names no value", ""),
    labels("a tab too many", "has no columns index and kind", "1\t\tcavity\n"),
]


def override(made: str, words: str, text: str | bytes) -> Kind:
    def check(folder: Path) -> None:
        write(folder, {"o.tsv": text})
        refusal(lambda: read_overrides(folder / "o.tsv", LABELS), words, "o.tsv")

    return Kind("overrides", made, refused(words), check)


def decided(made: str, found: Mapping[str, Override], text: str | bytes) -> Kind:
    def check(folder: Path) -> None:
        write(folder, {"o.tsv": text})
        assert read_overrides(folder / "o.tsv", LABELS) == found

    return Kind("overrides", made, f"counts for {', '.join(found)} alone", check)


C1 = {"sub-01": Override("", "C1", None, "seen")}
OVERRIDES = [
    decided("a plain row", C1, HEADER + "sub-01\t\tC1\t\tseen\n"),
    decided("a label without its prefix", C1, HEADER + "01\t\tC1\t\tseen\n"),
    decided("a tab at the end of every row", C1, HEADER + "sub-01\tn/a\tC1\tn/a\tseen\t\n"),
    decided("quotes within a reason", {"sub-01": Override("", "C1", None, 'called "C1')}, HEADER + 'sub-01\t\tC1\t\tcalled "C1\n'),
    decided("one session of two", {"sub-03_ses-2": Override("", "D", None, "seen")}, HEADER + "sub-03\tses-2\tD\t\tseen\n"),
    decided("a formula for a reason", {"sub-01": Override("", "C1", None, "=cmd()")}, HEADER + "sub-01\t\tC1\t\t=cmd()\n"),
    override("a column verdikt beside qc", "the column 'verdikt', which is not known; is it verdict?", "participant_id\tverdikt\tqc\treason\nsub-01\tC1\tpass\tseen\n"),
    override("a scan that is not there", "no scan sub-99 is processed", HEADER + "sub-99\t\tC1\t\tseen\n"),
    override("a session that is not there", "no scan sub-03_ses-9", HEADER + "sub-03\t9\tC1\t\tseen\n"),
    override("a verdict that is none", "unknown verdict 'C9'", HEADER + "sub-01\t\tC9\t\tseen\n"),
    override("two verdicts of one kind", "two verdicts of one kind", HEADER + "sub-01\t\tC1, C2\t\tseen\n"),
    override("a qc that is none", "unknown qc 'good'", HEADER + "sub-01\t\t\tgood\tseen\n"),
    override("no decision", "decides nothing", HEADER + "sub-01\t\t\t\tseen\n"),
    override("no reason", "gives no reason", HEADER + "sub-01\t\tC1\t\t\n"),
    override("two rows on one scan", "is there twice", HEADER + "sub-01\t\tC1\t\tseen\n" * 2),
    override("a row on all sessions and one on one", "is there twice", HEADER + "sub-03\t\tC1\t\tseen\nsub-03\t1\tD\t\tseen\n"),
    override("a tab too many within a row", "has 6 cells, the header 5", HEADER + "sub-01\t\t\tC1\t\tseen\n"),
    override("a tab too few", "has 4 cells, the header 5", HEADER + "sub-01\tC1\t\tseen\n"),
    override("commas", "has commas between its cells", (HEADER + "sub-01\t\tC1\t\tseen\n").replace("\t", ",")),
    override("no column reason", "lacks the column(s) reason", "participant_id\tverdict\nsub-01\tC1\n"),
    override("the column verdict twice", "twice", "participant_id\tverdict\tverdict\treason\nsub-01\tC1\tD\tx\n"),
    override("a column session for session_id", "has the column 'session'", "participant_id\tsession\tverdict\treason\nsub-03\t1\tC1\tx\n"),
    override("Latin-1", "holds bytes that are not UTF-8", (HEADER + "sub-01\t\tC1\t\tgrö\n").encode("latin-1")),
    override("an empty file", "is empty", ""),
    override("verdicts in a column mrics, beside qc", "has the column 'mrics', which is not known, and none named verdict", "participant_id\tmrics\tqc\treason\nsub-01\tC1\tpass\tseen\n"),
    override("verdicts in a column final_call, beside qc", "and none named verdict", "participant_id\tfinal_call\tqc\treason\nsub-01\tcortex\tpass\tseen\n"),
    override("qc in a column quality, beside verdict", "and none named qc", "participant_id\tverdict\tquality\treason\nsub-01\tC1\tfail\tseen\n"),
    override("C1 and white_matter", "contradict each other", HEADER + "sub-01\t\tC1, white_matter\t\tseen\n"),
    override("B2 and cortex", "contradict each other", HEADER + "sub-01\t\tcortex B2\t\tseen\n"),
    override("E and deep_grey", "contradict each other", HEADER + "sub-01\t\tE, deep_grey\t\tseen\n"),
    override("a verdict in Cyrillic", "unknown verdict", HEADER + "sub-01\t\t\u04211\t\tseen\n"),
    decided("readers A and B in a column reader", C1, "participant_id\treader\tverdict\treason\nsub-01\tA\tC1\tseen\n"),
    decided("B2 and white_matter", {"sub-01": Override("white_matter", "B2", None, "seen")}, HEADER + "sub-01\t\tB2, white_matter\t\tseen\n"),
    override("zero bytes", "is not text", HEADER + "sub-01\0\n"),
]  # fmt: skip

KINDS = [*LABELS_TSV, *CONFIG, *SAFE, *OVERRIDES]
