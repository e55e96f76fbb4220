"""The command line: one command per stage, and a few for people."""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cpimaging.cli_errors import PlainCommand, make_plain, plain
from cpimaging.cli_groups import AtlasName, atlas_app, export_app, norms_app, templates_app
from cpimaging.cli_study import study_app
from cpimaging.layout import SCHEMA, pipeline

if TYPE_CHECKING:
    from cpimaging.study.job import Job

app = typer.Typer(
    help="Lesion patterns of cerebral palsy from brain MRI. Research use only.",
    epilog="A whole dataset: cpimaging BIDS OUT participant (and --help behind it).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(atlas_app, name="atlas")
app.add_typer(export_app, name="export")
app.add_typer(norms_app, name="norms")
app.add_typer(templates_app, name="templates")
app.add_typer(study_app)

STAGE_HELP = {
    "preprocess": "Bring every contrast to one grid, inside the brain, without bias field.",
    "register": "Find the way from the scan to the template and back.",
    "segment": "Move the atlas to the scan and measure its structures.",
    "lesions": "Number the lesions and say where each of them lies.",
    "quantify": "Measure the lesion in every structure, side, lobe and layer.",
    "qc": "Check whether the scan can be trusted.",
    "score": "Call the pattern from the tables, with the evidence.",
    "report": "Write the page of the scan.",
}

LEVELS = ("participant", "group")
"""The third word of a call as a BIDS App."""


def _known_engine(name: str) -> str:
    from cpimaging.registration.engines import ENGINES

    if name not in ENGINES:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(ENGINES)}")
    return name


OutputDir = Annotated[Path, typer.Option(help="Where results are written.")]
Engine = Annotated[str, typer.Option(help="Registration engine: {names}.", callback=_known_engine)]
Scorers = Annotated[str, typer.Option(help='Comma list of {names}; "all"; or "" for none.')]
Detection = Annotated[
    Literal["on", "off", "command"],
    typer.Option(help="Lesions where no mask is given: search, leave, or the mask of lesion_command."),
]
BrainCommand = Annotated[str, typer.Option(help="Brain extractor with {image} and {out}; docs/how-to.md.")]
TemplatesDir = Annotated[str, typer.Option(help="Folder of templates by age; docs/method/ages.md.")]
AdcNorm = Annotated[str, typer.Option(help="Folder with mean.nii.gz and sd.nii.gz of healthy ADC.")]
NormsDir = Annotated[str, typer.Option(help="Folder of norms for age (cpimaging norms build).")]
Threads = Annotated[int, typer.Option(min=1, help="Number of threads.")]
ScanLabel = Annotated[str, typer.Option(help="Label of the scan: sub-01 or sub-01_ses-02.")]
ImageFile = Annotated[Path | None, typer.Option(help="Image of this contrast, NIfTI.")]


LESIONS = {"atlas": AtlasName, "detection": Detection, "templates_dir": TemplatesDir}
"""Options of all stages that ask where the lesions of a scan come from."""

STAGE_OPTIONS: dict[str, dict[str, Any]] = {
    "preprocess": {"brain_command": BrainCommand},
    "register": {**LESIONS, "engine": Engine, "threads": Threads, "adc_norm": AdcNorm},
    "segment": {**LESIONS, "norms_dir": NormsDir},
    "lesions": {**LESIONS, "adc_norm": AdcNorm},
    "quantify": {"atlas": AtlasName},
    "qc": {"atlas": AtlasName, "templates_dir": TemplatesDir},
    "report": {"atlas": AtlasName, "templates_dir": TemplatesDir},
}
"""The options that each stage uses."""

DEFAULTS: dict[str, Any] = {
    "atlas": "embedded",
    "engine": "greedy",
    "threads": 1,
    "scorers": "all",
    "detection": "on",
    "brain_command": "",
    "adc_norm": "",
    "norms_dir": "",
    "templates_dir": "",
}
"""Those of `study.job.Job` and of the configuration's schema; a test holds them together."""


class _NamingChoices(PlainCommand):
    """A command whose help names what is registered: as the schema has it, since to load it takes long."""

    def format_help(self, *told: Any) -> None:
        """Write the help."""
        schema = (pipeline() / SCHEMA).read_text(encoding="utf-8")
        for option in self.params:
            if option.name in ("engine", "scorers"):
                # not as YAML: to load its library takes as long as all of ours
                names = re.search(rf"^  {option.name}:$.*?enum: \[(.*?)\]", schema, re.M | re.S)
                option.help = option.help.replace("{names}", names[1])  # type: ignore[attr-defined, index]
        super().format_help(*told)


def _run(stage: Callable[..., None], job: "Job", *words: Any) -> None:
    """Run a stage of one scan, no run beside it; its log, which tells what is wrong, names no folder."""
    from cpimaging.study.lock import locked
    from cpimaging.types import InputError, of_system

    try:
        with locked(job.output):
            stage(job, *words)
    except (InputError, OSError) as error:
        raise job.told(of_system(error) if isinstance(error, OSError) else error) from None


def _show_version(value: bool) -> None:
    """Print the version, then those of Python, Snakemake and the libraries whose results reach an output."""
    if value:
        from cpimaging.versions import installed_versions

        for name, version in installed_versions().items():
            typer.echo(f"{name} {version}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Lesion patterns of cerebral palsy from brain MRI. Research use only."""


def _add_stage(stage: str, options: Mapping[str, Any]) -> None:
    def command(scan: str, output_dir: Path, **chosen: Any) -> None:
        from cpimaging.study.job import Job

        _run(import_module(f"cpimaging.stages.{stage}").run, Job(output_dir, scan, **chosen))

    told = plain(command)
    kinds: dict[str, Any] = {"scan": ScanLabel, "output_dir": OutputDir, **options}
    words = [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=DEFAULTS.get(name, Parameter.empty))
        for name, kind in kinds.items()
    ]
    told.__signature__, told.__annotations__ = Signature(words), kinds  # type: ignore[attr-defined]
    app.command(stage, help=STAGE_HELP[stage], cls=_NamingChoices)(told)


for _stage, _options in STAGE_OPTIONS.items():
    _add_stage(_stage, _options)


Decided = Annotated[str, typer.Option(help="What a person decided; it wins over the software's word.")]


@app.command(help=STAGE_HELP["score"], cls=_NamingChoices)
@plain
def score(
    scan: ScanLabel,
    output_dir: OutputDir,
    atlas: AtlasName = DEFAULTS["atlas"],
    scorers: Scorers = DEFAULTS["scorers"],
    dominance: Decided = "",
    mrics: Decided = "",
    qc: Annotated[
        Literal["", "pass", "warn", "fail"], typer.Option(help="Quality, as a person saw it.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why a person decided so; shown with it.")] = "",
) -> None:
    """Call the pattern; what a person decided wins."""
    from cpimaging.scorers.overrides import Override
    from cpimaging.stages import score as stage
    from cpimaging.study.job import Job

    override = Override(dominance, mrics, qc or None, reason) if dominance or mrics or qc else None
    _run(stage.run, Job(output_dir, scan, atlas, scorers=scorers), override)


@app.command(cls=_NamingChoices)
@plain
def masks(
    masks_dir: Annotated[Path, typer.Argument(help="Folder of lesion masks, NIfTI, in template space.")],
    output_dir: Annotated[Path, typer.Argument(help="Where results are written.")],
    space: Annotated[str, typer.Option(help="Template whose space they lie in, such as MNI152NLin6Asym.")],
    template: Annotated[Path | None, typer.Option(help="Its brain-extracted T1w, if at hand.")] = None,
    pattern: Annotated[str, typer.Option(help="Names of the masks, with * and ?.")] = "*",
    atlas: AtlasName = DEFAULTS["atlas"],
    scorers: Scorers = DEFAULTS["scorers"],
    overrides: Annotated[Path | None, typer.Option(help="What people decided; docs/how-to.md.")] = None,
    stability: Annotated[bool, typer.Option("--stability", help="Say how stable each call is.")] = False,
) -> None:
    """Measure and score lesion masks in template space, without images: thousands in one job."""
    from cpimaging.stages import masks as stage
    from cpimaging.study.lock import locked

    job = stage.MaskJob(masks_dir, output_dir, space, atlas, template, pattern, scorers, overrides, stability)
    with locked(output_dir):
        stage.run(job)
    typer.echo(stage.outcome(output_dir))


@app.command()
@plain
def index(output_dir: OutputDir) -> None:
    """Write a table of the planned scans: what was picked, ages, what the headers show to be wrong."""
    from cpimaging.stages import index as stage

    stage.run(output_dir)


@app.command()
@plain
def command(
    scan: ScanLabel,
    output_dir: OutputDir,
    run: Annotated[str, typer.Option(help="Command with {T1w}, {brain_mask}, {out} and the like.")],
) -> None:
    """Let an external tool draw the lesion on the preprocessed images."""
    from cpimaging.stages import command as stage
    from cpimaging.study.job import Job

    _run(stage.run, Job(output_dir, scan), run)


@app.command()
@plain
def cohort(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results, or a new one.")],
    parts: Annotated[
        list[Path] | None, typer.Argument(help="Folders of results that make one group in the first.")
    ] = None,
    atlas: AtlasName = DEFAULTS["atlas"],
    compare: Annotated[str, typer.Option(help="Columns of participants.tsv to compare by, commas.")] = "",
) -> None:
    """Write index.html, the group tables and logs/summary.tsv from whatever exists."""
    from cpimaging.stages import cohort as stage
    from cpimaging.study.lock import locked

    with locked(output_dir):
        stage.run(output_dir, atlas, parts or (), compare)


@app.command()
@plain
def agree(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results.")],
    readings: Annotated[list[Path] | None, typer.Argument(help="Tables of readers, TSV.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="New folder for a blinded reading list instead: sheet and pages.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the list's order and of the bootstrap.")] = 0,
) -> None:
    """Compare readers with each other and with the software; or write the list for them to read."""
    from cpimaging.stages import agree as stage
    from cpimaging.stages import reading_list
    from cpimaging.types import InputError

    if bool(readings) == bool(sheet):
        raise InputError(
            "agree", "wants tables of readers or --sheet, one of them", "see cpimaging agree --help"
        )
    if sheet:
        reading_list.run(output_dir, sheet, seed)
    else:
        stage.run(output_dir, readings or [], seed)


@app.command(cls=_NamingChoices)
@plain
def run(
    output_dir: Annotated[Path, typer.Argument(help="Where results are written.")],
    t1w: ImageFile = None,
    t2w: ImageFile = None,
    flair: ImageFile = None,
    adc: ImageFile = None,
    lesion: Annotated[Path | None, typer.Option(help="Lesion mask in scan space.")] = None,
    brain_mask: Annotated[Path | None, typer.Option(help="Brain mask in scan space.")] = None,
    scan: ScanLabel = "sub-01",
    age: Annotated[str, typer.Option(help="Age at scan with its unit: 5y 3m, 14 months, 3d.")] = "",
    age_years: Annotated[str, typer.Option(help="The same in years.")] = "",
    pma_weeks: Annotated[str, typer.Option(help="Postmenstrual age at scan, weeks: 38+4.")] = "",
    gestation_weeks: Annotated[str, typer.Option(help="Gestational age at birth, weeks: 27+0.")] = "",
    assume_age: Annotated[
        Literal["", "child", "adult"], typer.Option(help="What to take a scan of unknown age for.")
    ] = "",
    atlas: AtlasName = DEFAULTS["atlas"],
    engine: Engine = DEFAULTS["engine"],
    threads: Threads = 2,
    scorers: Scorers = DEFAULTS["scorers"],
    detection: Annotated[Literal["on", "off"], typer.Option(help="Search where no mask is given.")] = "on",
    brain_command: BrainCommand = DEFAULTS["brain_command"],
    adc_norm: AdcNorm = DEFAULTS["adc_norm"],
    norms_dir: NormsDir = DEFAULTS["norms_dir"],
    sex: Annotated[Literal["F", "M", "O", "n/a"], typer.Option(help="Sex, for norms.")] = "n/a",
    templates_dir: TemplatesDir = DEFAULTS["templates_dir"],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up results of other images under the same label.")
    ] = False,
) -> None:
    """Process one scan without BIDS, all stages in a row."""
    import dataclasses

    from cpimaging import single as stage
    from cpimaging.bids.demographics import with_assumed_ages, with_given_ages
    from cpimaging.bids.listing import single_scan
    from cpimaging.study.job import Job

    images = {"T1w": t1w, "T2w": t2w, "FLAIR": flair, "ADC": adc}
    given = {contrast: path.resolve() for contrast, path in images.items() if path is not None}
    lesion, brain_mask = (path.resolve() if path else None for path in (lesion, brain_mask))
    ages = {"age": age, "age_years": age_years, "pma_weeks": pma_weeks, "ga_weeks": gestation_weeks}
    planned = single_scan(given, lesion, brain_mask, label=scan)
    planned = with_given_ages(planned, {name: text for name, text in ages.items() if text})
    (planned,) = with_assumed_ages([planned], assume_age)
    chosen = (engine, threads, scorers, detection, brain_command, adc_norm, norms_dir, templates_dir)
    job = Job(output_dir, scan, atlas, *chosen)
    for name in stage.run(job, dataclasses.replace(planned, sex=sex), replace=replace):
        typer.echo(name)


@app.command()
@plain
def simulate(
    output_dir: Annotated[Path, typer.Argument(help="Where the dataset is written.")],
    n: Annotated[int, typer.Option(min=1, help="Number of brains.")] = 7,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed makes the same brains.")] = 0,
    voxel_mm: Annotated[float, typer.Option(min=0.5, max=6, help="Voxel edge.")] = 2.0,
    contrasts: Annotated[str, typer.Option(help="Of T1w, T2w, FLAIR, ADC; T1w and one more if none.")] = "",
    patterns: Annotated[str, typer.Option(help='Comma list of patterns, or "all".')] = "all",
    masks: Annotated[bool, typer.Option(help="Give the lesion masks to the pipeline.")] = True,
    severity: Annotated[str, typer.Option(help="any, mild, moderate, severe, or graded: in turn.")] = "any",
    mix: Annotated[
        float, typer.Option(min=0, max=1, help="Share of hard cases: little lesion, or two patterns.")
    ] = 0.0,
    templates_dir: Annotated[str, typer.Option(help="Folder of templates by age, for --template.")] = "",
    template: Annotated[str, typer.Option(help="Make newborns or infants of this template of an age.")] = "",
    twins: Annotated[bool, typer.Option(help="With --template: a healthy twin after each brain.")] = False,
    warp_strength: Annotated[
        float, typer.Option(min=0, max=3, help="With --template: factor on the random warps.")
    ] = 1.5,
    myelin: Annotated[bool, typer.Option(help="With --template: myelin in the internal capsule.")] = True,
) -> None:
    """Write a BIDS dataset of brains with a known injury."""
    from cpimaging.simulate import simulate as make
    from cpimaging.simulate import simulate_young
    from cpimaging.types import InputError

    chosen = patterns if patterns == "all" else patterns.split(",")
    images = (contrasts or ("T1w,T2w" if template else "T1w,FLAIR")).split(",")
    if template:
        if severity != "any" or mix:
            raise InputError("--template", "goes with neither --severity nor --mix", "leave them out")
        simulate_young(
            output_dir,
            templates_dir,
            template,
            n=n,
            seed=seed,
            voxel_mm=voxel_mm,
            contrasts=images,
            patterns=chosen,
            masks=masks,
            twins=twins,
            warp_strength=warp_strength,
            myelin=myelin,
        )
        return
    if templates_dir or twins or not myelin:
        raise InputError(
            "--templates-dir, --twins, --no-myelin", "go with --template", "name one, or leave them out"
        )
    make(
        output_dir,
        n=n,
        seed=seed,
        voxel_mm=voxel_mm,
        contrasts=images,
        patterns=chosen,
        masks=masks,
        severity=severity,
        mix=mix,
    )


make_plain(app)
