"""`python -m cpimaging`: how jobs call the package, by the interpreter that planned them."""

from cpimaging.cli import app

app(prog_name="cpimaging")
