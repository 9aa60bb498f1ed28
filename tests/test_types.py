"""What a type checker sees.

Invariants: nearly every public name has a complete type; what the parts above the model add to it
(`covariance`, `standard_errors`) is seen too.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

root = Path(__file__).resolve().parents[1]
program = """
from factorlasso import LassoModel, LassoModelCV, UniLasso

for model in (LassoModel(), LassoModelCV(), UniLasso()):
    model.fit(X=[[1.0]], y=[1.0]).covariance()
    model.standard_errors(level=0.9)
    print(model.summary(), model.get_params(), model.set_params(tol=1e-6), \
model.set_fit_request(sample_weight=True))
    model.no_such_method()
"""


def checked(*arguments, cwd=root):
    "What the checker says; no checker runs the hook of an editable install, so a path is given"
    done = subprocess.run([sys.executable, "-m", "basedpyright", "--outputjson", *arguments],
                          capture_output=True, text=True, cwd=cwd,
                          env=os.environ | {"PYTHONPATH": str(root)})
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11) or pd.__version__ < "3",
                    reason="one interpreter is enough for a question about text, and pandas before "
                           "3 leaves its own types open")
def test_types_are_complete():
    report = checked("--verifytypes", "factorlasso", "--ignoreexternal")["typeCompleteness"]
    assert report["completenessScore"] >= 0.95
    unknown = [s["name"] for s in report["symbols"] if s["isExported"] and not s["isTypeKnown"]]
    assert not {f"factorlasso.{name}" for name in __import__("factorlasso").__all__} & set(unknown)


def test_a_program_is_checked(tmp_path):
    (tmp_path / "program.py").write_text(program)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "basic", "extraPaths": [str(root)]}))
    found = [d for d in checked(cwd=tmp_path)["generalDiagnostics"] if d["severity"] == "error"]
    assert len(found) >= 1 and all("no_such_method" in d["message"] for d in found), found
