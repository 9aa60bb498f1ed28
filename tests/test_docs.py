"What the pages say: every work that is cited by author and year stands in the bibliography."
import json
import re
from pathlib import Path

import pytest

root = Path(__file__).resolve().parents[1]
pages = sorted([*root.glob("nbs/**/*.ipynb"), *root.glob("examples/**/*.ipynb"),
                *root.glob("docs/*.md")])
cited = re.compile(
    r"([A-Z][\w’'–-]+?)(?:['’]s?)?(?:,? (?:et al\.|and others))?,? \(?((?:19|20)\d\d)\b")
MONTHS = "January February March April May June July August September October November December"
NO_AUTHORS = {*MONTHS.split(), "Through", "In", "Since", "Until", "Unreleased", "From", "After",
              "Before", "By", "Copyright"}


def prose(path):
    if path.suffix == ".md":
        return path.read_text("utf-8")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize("path", pages, ids=lambda p: p.relative_to(root).as_posix())
def test_citations_stand_in_the_bibliography(path):
    entries = (root / "docs" / "bibliography.md").read_text("utf-8").splitlines()
    found = {(m[1].rpartition("–")[2], m[2]) for m in cited.finditer(prose(path))
             if m[1] not in NO_AUTHORS}
    assert {c for c in found if not any(c[0] in e and f"({c[1]})" in e for e in entries)} == set()
