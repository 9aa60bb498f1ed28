"""Every notebook of nbs/ and examples/ runs as `nbdev_test` runs it (execnb, no kernel): one test
per notebook."""
import os

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


@pytest.mark.parametrize("path", notebooks, ids=lambda p: p.relative_to(root).as_posix())
def test_notebook(path, capfd, monkeypatch):
    monkeypatch.chdir(root)
    # restored afterwards: nbdev_export does nothing while it is set
    monkeypatch.setenv("IN_TEST", "1")
    # the paper studies with few seeds; stored outputs are the full ones
    monkeypatch.setenv("FACTORLASSO_STUDY", "small")
    passed, _ = run_nb(path, skip_flags=config.tst_flags.split(), basepath=root)
    assert passed, f"{path.name} failed:\n{capfd.readouterr().err}"
