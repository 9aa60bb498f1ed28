"""Run notebooks in place as `nbdev_test` does, and keep their outputs: python tools/run_nbs.py
nbs/*.ipynb examples/*.ipynb"""
import io
import sys
from base64 import b64decode, b64encode
from pathlib import Path

from execnb.nbio import read_nb, write_nb
from execnb.shell import CaptureShell
from fastcore.xtras import working_directory
from matplotlib import rc_context
from nbdev.clean import clean_nb
from nbdev.frontmatter import FrontmatterProc
from nbdev.process import NBProcessor
from PIL import Image


def skipped(cell):
    directives = getattr(cell, "directives_", {}) or {}
    return (
        cell.cell_type != "code"
        or "nbdev_export(" in cell.source
        or directives.get("eval:", [""])[0].lower() == "false"
        or "slow" in directives
    )


def shrink(output):
    """Pictures keep 256 colours spread over all that they use, which halves the file and leaves
    colour scales what they are"""
    png = output.get("data", {}).get("image/png")
    if png:
        small = io.BytesIO()
        picture = Image.open(io.BytesIO(b64decode(png))).convert("RGB")
        picture.quantize(256, Image.Quantize.MAXCOVERAGE,
                         dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        output["data"]["image/png"] = b64encode(small.getvalue()).decode()
    return output


def kept(cell):
    "The outputs to store; not stderr, where a warning names the cell's temporary file"
    return [shrink(o) for o in cell.get("outputs", []) if o.get("name") != "stderr"]


def run(path):
    """Execute `path`; its outputs go on to the notebook as it is on disk, since the processor
    strips the directives"""
    processed = NBProcessor(path, procs=FrontmatterProc, process=True).nb
    for cell in processed.cells:
        if cell.cell_type == "code":
            cell.outputs = []   # a cell that shows nothing any more leaves what is stored
    with rc_context(), working_directory(path.parent):  # its rcParams end with it
        CaptureShell(path).run_all(processed, exc_stop=True, preproc=skipped)
    notebook = read_nb(path)
    for cell, ran in zip(notebook.cells, processed.cells, strict=True):
        if cell.cell_type == "code" and not skipped(ran):
            cell.outputs, cell.execution_count = kept(ran), ran.get("execution_count")
    clean_nb(notebook)
    write_nb(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run(Path(name).resolve())
