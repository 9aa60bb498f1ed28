"How the book and the house measure, printed as a table: python tools/style.py"
import ast
import io
import json
import statistics
import textwrap
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 100  # columns that fit on a page
OTHERS = ("in lines as they stand, fastcore: exported cells median 6, p90 16 lines; nbdev: 9 and "
          "24; QuantEcon's code cells: 8 and 31")


def p90(values):
    return sorted(values)[int(0.9 * (len(values) - 1))] if values else 0


def logical(text):
    """Lines of code as Python counts them: broken inside brackets a line stays one, and a docstring
    is none"""
    docs = {
        n.body[0].lineno
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)
        and ast.get_docstring(n) is not None
    }
    tokens, lines, fresh = tokenize.generate_tokens(io.StringIO(text).readline), 0, True
    for t in tokens:
        if t.type in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT,
                      tokenize.ENDMARKER):
            continue
        lines += fresh and not (t.type == tokenize.STRING and t.start[0] in docs)
        fresh = t.type == tokenize.NEWLINE
    return lines


def measured(path):
    """Logical lines of exported cells, words, hidden cells, code cells, and code cells that are too
    wide"""
    export, words, hidden, code, wide = [], 0, 0, 0, 0
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            words += len(text.split())
            continue
        lines = [line for line in text.splitlines() if line.strip()
                 and not line.lstrip().startswith("#|")]
        code, wide = code + 1, wide + any(len(line) > LIMIT for line in lines)
        hidden += "#| hide" in text
        if "#| export" in text and any(not isinstance(n, ast.Import | ast.ImportFrom)
                                       for n in ast.parse(text).body):
            export.append(logical(text))
    return export, words, hidden, code, wide


def as_they_stand(path):
    "Lines of the exported cells of a notebook that hold more than imports: what the eye counts"
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and "#| export" in text:
            if any(not isinstance(n, ast.Import | ast.ImportFrom) for n in ast.parse(text).body):
                yield sum(bool(line.strip()) and not line.startswith("#|")
                          for line in text.splitlines())


def functions(path):
    "(name, logical lines of the body, arguments) of every function of a module"
    source = path.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            given = [a.arg for a in node.args.args + node.args.kwonlyargs
                     if a.arg not in ("self", "cls")]
            text = textwrap.dedent("\n".join(source.split("\n")[node.lineno - 1 : node.end_lineno]))
            yield node.name, logical(text) - 1, len(given)


def main():
    rows = {p.relative_to(ROOT).as_posix(): measured(p)
            for p in sorted([*ROOT.glob("nbs/*/*.ipynb"), *ROOT.glob("examples/**/*.ipynb")])}
    print(f"{'chapter':44s} cells median p90 max  words hidden  wide/code")
    for name, (e, words, hidden, code, wide) in rows.items():
        middle, longest = statistics.median(e) if e else 0, max(e, default=0)
        print(f"{name:44s} {len(e):5d} {middle:6.0f} {p90(e):3d} {longest:3d} {words:6d} "
              f"{hidden:6d} {wide:5d}/{code}")
    every = [n for e, *_ in rows.values() for n in e]
    print(f"\nexported cells: median {statistics.median(every):.0f}, p90 {p90(every)}, longest "
          f"{max(every)} logical lines")
    standing = [n for p in sorted(ROOT.glob("nbs/*/*.ipynb")) for n in as_they_stand(p)]
    print(f"the same as they stand, docstrings and all: median {statistics.median(standing):.0f}, "
          f"p90 {p90(standing)}")
    wide, code = (sum(r[k] for r in rows.values()) for k in (4, 3))
    print(f"code cells wider than {LIMIT} columns: {wide} of {code}")
    found = [(p.relative_to(ROOT).as_posix(), *f) for p in sorted(ROOT.glob("factorlasso/*/*.py"))
             for f in functions(p)]
    long, many = [f for f in found if f[2] > 25], [f for f in found if f[3] > 6
                                                   and f[1] != "__init__"]
    print(f"functions: {len(found)}, of which {len(long)} have more than 25 logical lines and "
          f"{len(many)} more than six arguments")
    for where, name, lines, arguments in sorted(long + many, key=lambda f: -f[2]):
        print(f"  {where}: {name}, {lines} lines, {arguments} arguments")
    print(OTHERS)


if __name__ == "__main__":
    main()
