"""What the pages say: every work that is cited by author and year stands in the bibliography, and
no other; chapters that the table of faults names exist; no stored output is older than its cell."""
import ast
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


def cells(path, kind="markdown"):
    found = json.loads(path.read_text("utf-8"))["cells"]
    return [c for c in found if c["cell_type"] == kind]


def prose(path):
    "The words of a page; a citation may go over the end of a line"
    text = (path.read_text("utf-8") if path.suffix == ".md"
            else "\n\n".join("".join(c["source"]) for c in cells(path)))
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@pytest.mark.parametrize("path", pages, ids=lambda p: p.relative_to(root).as_posix())
def test_citations_stand_in_the_bibliography(path):
    entries = (root / "docs" / "bibliography.md").read_text("utf-8").splitlines()
    found = {(m[1].rpartition("–")[2], m[2]) for m in cited.finditer(prose(path))
             if m[1] not in NO_AUTHORS}
    assert {c for c in found if not any(c[0] in e and f"({c[1]})" in e for e in entries)} == set()


def test_no_entry_of_the_bibliography_is_cited_nowhere():
    "In words, code or docstrings: the surname of the first author, and the year soon after it"
    text = " ".join(p.read_text("utf-8") for folder in ("nbs", "examples", "tools", "tests", "docs")
                    for p in (root / folder).rglob("*") if p.suffix in (".ipynb", ".py", ".md")
                    and p.name != "bibliography.md" and "_build" not in p.parts)
    entries = re.findall(r"^- ([^,]+),.*?\((\d{4})\)",
                         (root / "docs" / "bibliography.md").read_text("utf-8"), re.M)
    assert entries and [e for e in entries if not re.search(
        re.escape(e[0].split()[-1]) + r"[^;]{0,100}?" + e[1], text)] == []


@pytest.mark.parametrize("path", sorted(root.glob("docs/*.md")), ids=lambda p: p.name)
def test_links_to_notebooks_go_to_pages(path):
    "The page of nbs/01_data/02_ewma.ipynb is nb/data/ewma.ipynb; examples keep their names"
    there = {re.sub(r"/\d\d_", "/", p.relative_to(root).as_posix()).replace("nbs/", "nb/", 1)
             for p in pages if p.suffix == ".ipynb"}
    linked = set(re.findall(r"\]\(([^)#:]+\.ipynb)[)#]", path.read_text("utf-8")))
    assert linked - there == set()


def test_chapters_that_the_faults_name_exist():
    titles = {re.search(r"^# (.+)$", "".join(cells(p)[0]["source"]), re.M)[1].strip()
              for p in (root / "nbs").glob("*/*.ipynb")}
    tables = (root / "docs" / "faults.md").read_text("utf-8")
    named = set(re.findall(r"\*([A-Z][^*\n]+)\*(?=[:;,]| \|)", tables))
    assert named and named - titles == set()


@pytest.mark.parametrize("path", [p for p in pages if p.suffix == ".ipynb"],
                         ids=lambda p: p.relative_to(root).as_posix())
def test_a_stored_result_belongs_to_a_cell_that_ends_with_an_expression(path):
    for cell in cells(path, "code"):
        if any(o["output_type"] == "execute_result" for o in cell["outputs"]):
            lines = "".join(cell["source"]).splitlines()
            code = "\n".join(line for line in lines if not line.startswith("#|"))
            assert isinstance(ast.parse(code).body[-1], ast.Expr), cell["id"]
