"""Every notebook of nbs/ and examples/ runs as `nbdev_test` runs it (execnb, no kernel): one test
per notebook.

A chapter with compiled functions takes its exported cells from its module, which every other test
compiles anyway. `test_sync` holds the two to be the same; a cell that is not in the module as it
stands is run.
"""
import ast
import json
import os
import re

import pytest
from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.test import test_nb as run_nb

os.environ.setdefault("MPLBACKEND", "agg")
run_nb.__test__ = False  # pytest must not collect nbdev's own `test_nb`
config = get_config()
root = config.config_path
notebooks = (sorted(nbglob(config.nbs_path, as_path=True))
             + sorted(nbglob(root / "examples", as_path=True)))


def defined(statement):
    "Names that a statement at the top of a cell defines"
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = getattr(statement, "targets", None) or [statement.target]
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return [statement.name] if hasattr(statement, "name") else []


def from_module(cell, module, text):
    "Source of an exported cell as an import, where that is the same"
    source = "".join(cell["source"])
    code = re.sub(r"^#\|.*\n", "", source, flags=re.M).strip()
    if not re.match(r"#\| ?exports?\b", source) or code not in text:
        return source
    names = [defined(s) for s in ast.parse(code).body]
    return f"from {module} import {', '.join(sum(names, []))}" if all(names) else source


def compiled_once(path, folder):
    "A copy of a chapter with compiled functions that imports them; the notebook itself otherwise"
    notebook = json.loads(path.read_text("utf-8"))
    sources = ["".join(c["source"]) for c in notebook["cells"]]
    found = re.search(r"^#\| ?default_exp (\S+)", "\n".join(sources), re.M)
    if not found or not any("@njit" in s for s in sources):
        return path
    module = f"{config.lib_name}.{found[1]}"
    text = (root / module.replace(".", "/")).with_suffix(".py").read_text("utf-8")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = from_module(cell, module, text)
    (folder / path.name).write_text(json.dumps(notebook), "utf-8")
    return folder / path.name


@pytest.mark.parametrize("path", notebooks, ids=lambda p: p.relative_to(root).as_posix())
def test_notebook(path, capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(root)
    # restored afterwards: nbdev_export does nothing while it is set
    monkeypatch.setenv("IN_TEST", "1")
    # the paper studies with few seeds; stored outputs are the full ones
    monkeypatch.setenv("FACTORLASSO_STUDY", "small")
    passed, _ = run_nb(compiled_once(path, tmp_path), skip_flags=config.tst_flags.split(),
                       basepath=root)
    assert passed, f"{path.name} failed:\n{capfd.readouterr().err}"
