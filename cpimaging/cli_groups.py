"""Commands that belong together: those on atlases, on norms, and on templates by age."""

from pathlib import Path
from typing import Annotated

import typer

from cpimaging.cli_errors import BAD_INPUT, plain

AtlasName = Annotated[str, typer.Option(help='"embedded", "published", or an atlas folder.')]
TemplatesFolder = Annotated[Path, typer.Argument(help="Folder of templates by age.")]

atlas_app = typer.Typer(help="Atlases: list, show, fetch, export and check.", no_args_is_help=True)
export_app = typer.Typer(help="Results as other programs take them.", no_args_is_help=True)
norms_app = typer.Typer(help="Norms for age and sex, from a study's own controls.", no_args_is_help=True)
templates_app = typer.Typer(help="Templates by age: fetch, list and show.", no_args_is_help=True)


@atlas_app.command("fetch")
@plain
def atlas_fetch(
    nlin6_t1w: Annotated[
        Path | None,
        typer.Option(
            help="Brain-extracted T1w of MNI152 NLin6, 1 mm (FSL's MNI152_T1_1mm_brain), if at hand."
        ),
    ] = None,
) -> None:
    """Download the published atlases once, with licences and citations, and build their composite."""
    from cpimaging.atlases import load_atlas
    from cpimaging.atlases.published import fetch
    from cpimaging.scorers.needs import check_fit

    for line in fetch(nlin6_t1w):
        typer.echo(line)
    atlas = load_atlas("published")
    check_fit(atlas, "published")
    typer.echo(
        f"{atlas.name} {atlas.version}: ready, {len(atlas.dseg.regions)} regions; use atlas: published"
    )


@atlas_app.command("list")
@plain
def atlas_list(
    folders: Annotated[list[Path] | None, typer.Argument(help="Atlas folders of your own.")] = None,
) -> None:
    """List the atlases: version, space, regions, licence, and whether they are ready. Works offline."""
    from cpimaging.atlases import list_atlases

    for entry in list_atlases(*(folders or [])):
        regions = "{} regions, {} in overlays".format(*entry.regions) if entry.regions else "not built yet"
        typer.echo(f"{entry.name}  version {entry.version} · {entry.space} · {regions}")
        typer.echo(f"  licence: {entry.licence}\n  {entry.state}")


@atlas_app.command("show")
@plain
def atlas_show(
    atlas: Annotated[str, typer.Argument(help='"embedded", "published", or an atlas folder.')],
    output: Annotated[Path | None, typer.Option(help="The page; atlas-NAME.html if not given.")] = None,
) -> None:
    """Write a page with a picture of every structure of an atlas."""
    from cpimaging import atlas_page as stage

    typer.echo(stage.run(atlas, output))


@atlas_app.command("export")
@plain
def atlas_export(
    output_dir: Annotated[Path, typer.Argument(help="Where the label table is written.")],
    atlas: AtlasName = "embedded",
) -> None:
    """Get an atlas ready, in the template's space, and write its label table."""
    from cpimaging.stages import atlas as stage
    from cpimaging.study.output import check_output

    check_output(output_dir)
    stage.run(output_dir, atlas)


@atlas_app.command("check")
@plain
def atlas_check(folder: Annotated[str, typer.Argument(help="Atlas folder.")]) -> None:
    """Say what is wrong with an atlas, or that it is fine, and which scorers it serves."""
    from cpimaging.atlases import check_folder
    from cpimaging.scorers.needs import unfit

    atlas, problems = check_folder(folder)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(BAD_INPUT)
    typer.echo(f"{atlas.name}: fine, {len(atlas.dseg.regions)} regions in {atlas.space}")
    for scorer, problem in unfit(atlas).items():
        typer.echo(f"{scorer}: {problem or 'the atlas serves it'}")


Controls = Annotated[
    list[str],
    typer.Option(
        help="COLUMN=VALUE of participants.tsv, or a folder of results whose scans are all controls."
    ),
]


@norms_app.command("build")
@plain
def norms_build(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results.")],
    controls: Controls,
    norms_dir: Annotated[
        Path | None, typer.Option(help="Folder of the norms; the results' own name and -norms if not given.")
    ] = None,
    scanner: Annotated[
        str, typer.Option(help="Key of the images' sidecars to tell scanners apart by, if any.")
    ] = "",
) -> None:
    """Build a reference for ventricles and tissue volumes that can be shared: no names, no images."""
    from cpimaging.stages import norms as stage

    folder = norms_dir or output_dir.with_name(f"{output_dir.resolve().name}-norms")
    for line in stage.run(output_dir, controls, folder, scanner):
        typer.echo(line)


@norms_app.command("adc")
@plain
def norms_adc(
    output_dir: Annotated[Path, typer.Argument(help="Folder that holds the results.")],
    controls: Controls,
    norms_dir: Annotated[
        Path | None, typer.Option(help="Folder of the map; the results' own name and -adc if not given.")
    ] = None,
) -> None:
    """Write mean and SD of the controls' ADC in template space, for the key adc_norm; no names."""
    from cpimaging.stages import adc_norm as stage

    folder = norms_dir or output_dir.with_name(f"{output_dir.resolve().name}-adc")
    for line in stage.run(output_dir, controls, folder):
        typer.echo(line)


Results = Annotated[Path, typer.Argument(help="Folder that holds the results of a study.")]


@export_app.command("redcap")
@plain
def export_redcap(
    output_dir: Results, folder: Annotated[Path, typer.Argument(help="Where both files are written.")]
) -> None:
    """Write the group table for REDCap: data to import, and their data dictionary."""
    from cpimaging.stages import export as stage

    stage.run_redcap(output_dir, folder)


@export_app.command("wide")
@plain
def export_wide(
    output_dir: Results, table: Annotated[Path, typer.Argument(help="The table to write, TSV.")]
) -> None:
    """Write one row per scan with all numbers: calls, loads, morphometry, quality checks."""
    from cpimaging.stages import export as stage

    stage.run_wide(output_dir, table)


@export_app.command("matrix")
@plain
def export_matrix(
    output_dir: Results,
    folder: Annotated[Path, typer.Argument(help="Where the files are written.")],
    niistat: Annotated[bool, typer.Option("--niistat", help="Also MAT files for NiiStat.")] = False,
) -> None:
    """Write the lesions of the group as scan by voxel in template space, for lesion-symptom tools."""
    from cpimaging.stages import export as stage

    stage.run_matrix(output_dir, folder, niistat)


@templates_app.command("fetch")
@plain
def templates_fetch(
    folder: TemplatesFolder,
    ages: Annotated[str, typer.Option(help="Ages: 36-44w (postmenstrual weeks), 0-24m, 5-18y.")],
    mirror: Annotated[
        str, typer.Option(help="Address of a copy of TemplateFlow, instead of its client.")
    ] = "",
) -> None:
    """Fill a folder with templates from TemplateFlow, once, with licences and check sums."""
    from cpimaging.atlases.ages.fetch import fetch

    for line in fetch(folder, ages, mirror):
        typer.echo(line)


@templates_app.command("list")
@plain
def templates_list(folder: TemplatesFolder) -> None:
    """List the templates of a folder: ages, contrasts, the way to the adult one, whether they can be used."""
    from cpimaging.atlases.ages import read_templates, state_of

    templates = read_templates(folder)
    for name, template in templates.items():
        low, high = template.pma_weeks
        via = template.via or "the adult one"
        typer.echo(f"{name}  {low:g} to {high:g} weeks · {', '.join(template.images)} · via {via}")
        typer.echo(f"  licence: {template.license}\n  cite: {template.citation}")
        typer.echo(f"  {state_of(templates, name)}")


@templates_app.command("show")
@plain
def templates_show(
    folder: TemplatesFolder,
    name: Annotated[str, typer.Argument(help="Name of the template.")],
    atlas: AtlasName = "embedded",
    output: Annotated[Path | None, typer.Option(help="The page; template-NAME.html if not given.")] = None,
) -> None:
    """Build the labels of a template, once, and write a page with a picture of every structure."""
    from cpimaging import atlas_page as stage

    typer.echo(stage.run_template(folder, name, atlas, output))
