"""Commands around a study: before it, while it runs, and after it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cpimaging.cli_errors import BAD_INPUT, plain

FAULT = 1

study_app = typer.Typer()


@study_app.command()
@plain
def doctor(
    bids_dir: Annotated[
        Path | None, typer.Argument(help="The BIDS dataset, if it is to be looked at.")
    ] = None,
    output_dir: Annotated[Path | None, typer.Argument(help="Where results are to be written.")] = None,
    cores: Annotated[int, typer.Option(min=0, help="Stages at once; 0 for as many as there are cores.")] = 0,
    templates_dir: Annotated[
        Path | None, typer.Option(help="Folder of templates by age, if the study has one.")
    ] = None,
) -> None:
    """Check installation, dataset, memory and disk before hours are spent. Exit status 1 on a fault."""
    from psutil import cpu_count

    from cpimaging.doctor import examine

    found = examine(bids_dir, output_dir, cores or cpu_count() or 1, templates_dir)
    for each in found:
        typer.echo(each.line)
    if any(each.state == "fault" for each in found):
        raise typer.Exit(FAULT)


@study_app.command()
@plain
def status(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results.")],
) -> None:
    """Say what is done, failed and why, running or missing, also of a study that runs. Touches nothing."""
    from cpimaging.status import status as lines

    for line in lines(output_dir):
        typer.echo(line)


@study_app.command()
@plain
def pdf(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results.")],
    scans: Annotated[list[str] | None, typer.Argument(help="Labels of scans; all if none is named.")] = None,
) -> None:
    """Print a summary of two pages for each scan, by an installed Chromium, Chrome or Edge."""
    from cpimaging.stages.pdf import run
    from cpimaging.types import InputError

    failed = False
    for told in run(output_dir, scans or []):
        wrong = isinstance(told, InputError)
        failed |= wrong
        typer.echo(f"cpimaging: {told}" if wrong else told, err=wrong)
    if failed:
        raise typer.Exit(BAD_INPUT)


@study_app.command()
@plain
def dicom(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results.")],
    scan: Annotated[str, typer.Argument(help="Label of the scan: sub-01 or sub-01_ses-02.")],
    series: Annotated[Path, typer.Option(help="Folder of the DICOM series that the scan came from.")],
    to: Annotated[Path | None, typer.Option(help="Where it goes; SCAN_dicom if not given.")] = None,
) -> None:
    """Write the lesion as a DICOM SEG on its series, and the summary; both name the patient."""
    from cpimaging.stages.dicom import run

    for told in run(output_dir, scan, series, to or Path(f"{scan}_dicom")):
        typer.echo(told)


@study_app.command()
@plain
def init(
    bids_dir: Annotated[Path, typer.Argument(help="The BIDS dataset.")],
    output_dir: Annotated[Path, typer.Argument(help="Where results are to be written.")],
    file: Annotated[Path, typer.Option(help="The study file; one that is there stays.")] = Path("study.yaml"),
) -> None:
    """Write a study file: two keys, the others named in comments. Then: snakemake --configfile study.yaml."""
    from cpimaging.studyfile import write_study_file

    write_study_file(file, bids_dir, output_dir)
    typer.echo(file)


@study_app.command()
@plain
def completion(shell: Annotated[Literal["bash", "zsh"], typer.Argument(help="The shell.")]) -> None:
    """Print what completes commands and options: eval "$(cpimaging completion bash)" in ~/.bashrc."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(get_completion_script(prog_name="cpimaging", complete_var="_CPIMAGING_COMPLETE", shell=shell))


@study_app.command()
@plain
def fetch(
    number: Annotated[str, typer.Argument(help="Number of the dataset on OpenNeuro, such as ds004498.")],
    folder: Annotated[Path, typer.Argument(help="Where it is put; one that was begun is taken up again.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once the licence is shown.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what is not anatomy.")] = False,
    source: Annotated[str, typer.Option(help="Where datalad finds datasets, if not on GitHub.")] = "",
) -> None:
    """Fetch a dataset of OpenNeuro with datalad or openneuro-py; its licence is shown first."""
    from cpimaging.opendata import fetch as by_number

    client = by_number.fetch(number, folder, source or by_number.SOURCE)
    for line in by_number.described(folder):
        typer.echo(line)
    if yes or typer.confirm("Fetch the images?"):
        by_number.get(number, folder, client, everything=everything)
        typer.echo(folder)


@study_app.command()
@plain
def convert(
    dataset: Annotated[Literal["bonbid", "atlas2", "wmh"], typer.Argument(help="Which release it is.")],
    source: Annotated[Path, typer.Argument(help="Folder that it was unpacked to; it is only read.")],
    bids_dir: Annotated[Path, typer.Argument(help="New folder for the BIDS dataset.")],
    link: Annotated[bool, typer.Option("--link", help="Point to the NIfTI images, do not copy.")] = False,
) -> None:
    """Bring BONBID-HIE, ATLAS v2.0 or the WMH challenge to BIDS, masks as derivatives."""
    from cpimaging.opendata.convert import convert as lines

    for line in lines(dataset, source, bids_dir, link=link):
        typer.echo(line)
