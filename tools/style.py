"How the book and the house measure, printed as a table: python tools/style.py"
import ast
import json
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 100  # columns that fit on a page
OTHERS = "fastcore: exported cells median 6, p90 16 lines; nbdev: 9 and 24; QuantEcon's code cells: 8 and 31"


def p90(values):
    return sorted(values)[int(0.9 * (len(values) - 1))] if values else 0


def measured(path):
    "Lines of exported cells, words, hidden cells, code cells, and code cells that are too wide"
    export, words, hidden, code, wide = [], 0, 0, 0, 0
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            words += len(text.split())
            continue
        lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#|")]
        code, wide = code + 1, wide + any(len(line) > LIMIT for line in lines)
        hidden += "#| hide" in text
        if "#| export" in text and any(not isinstance(n, ast.Import | ast.ImportFrom) for n in ast.parse(text).body):
            export.append(len(lines))
    return export, words, hidden, code, wide


def functions(path):
    "(name, body lines, arguments) of every function of a module"
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            given = [a.arg for a in node.args.args + node.args.kwonlyargs if a.arg not in ("self", "cls")]
            yield node.name, node.end_lineno - first.lineno + 1, len(given)


def main():
    rows = {p.relative_to(ROOT).as_posix(): measured(p) for p in sorted([*ROOT.glob("nbs/*/*.ipynb"), *ROOT.glob("examples/**/*.ipynb")])}
    print(f"{'chapter':44s} cells median p90 max  words hidden  wide/code")
    for name, (e, words, hidden, code, wide) in rows.items():
        middle, longest = statistics.median(e) if e else 0, max(e, default=0)
        print(f"{name:44s} {len(e):5d} {middle:6.0f} {p90(e):3d} {longest:3d} {words:6d} {hidden:6d} {wide:5d}/{code}")
    every = [n for e, *_ in rows.values() for n in e]
    print(f"\nexported cells: median {statistics.median(every):.0f}, p90 {p90(every)}, longest {max(every)} lines")
    wide, code = (sum(r[k] for r in rows.values()) for k in (4, 3))
    print(f"code cells wider than {LIMIT} columns: {wide} of {code}")
    found = [(p.relative_to(ROOT).as_posix(), *f) for p in sorted(ROOT.glob("factorlasso/*/*.py")) for f in functions(p)]
    long, many = [f for f in found if f[2] > 25], [f for f in found if f[3] > 6 and f[1] != "__init__"]
    print(f"functions: {len(found)}, of which {len(long)} have more than 25 lines and {len(many)} more than six arguments")
    for where, name, lines, arguments in sorted(long + many, key=lambda f: -f[2]):
        print(f"  {where}: {name}, {lines} lines, {arguments} arguments")
    print(OTHERS)


if __name__ == "__main__":
    main()
