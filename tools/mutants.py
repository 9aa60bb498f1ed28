"""Change one sign, bound, factor or comparison of a chapter and see whether its own tests notice:
python tools/mutants.py [-n how many, 20] [-s seed, 0] [chapters, all of nbs/05_solvers]

A chapter is written out as a script with one line of one exported cell changed, and run in a
temporary directory with a cache of its own. A mutant is killed when the script fails, or takes more
than three times as long as the chapter as it is. The survivors are printed.
"""
import argparse
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SWAPS = {"+": "-", "-": "+", "*": "/", "/": "*", "<": ">=", ">": "<=", "<=": ">", ">=": "<",
         "==": "!=", "!=": "==", "+=": "-=", "-=": "+=", "and": "or", "or": "and", "min": "max",
         "max": "min", "lo": "hi", "hi": "lo", "lower": "upper", "upper": "lower", "up": "down",
         "down": "up", "maximum": "minimum", "minimum": "maximum", "any": "all", "all": "any",
         "True": "False", "False": "True"}
# what may begin an operand, so that a sign after it is a sign of its own
BEFORE_SIGN = {"(", "[", ",", "=", "return", "if", "else", "and", "or", "not", ":", "+", "-", "*",
               "/", "<", ">", "<=", ">=", "=="}
# a chapter as it is may be slower than when it was timed: the machine has other work
SLACK = 3.0


def code_cells(path):
    "(source, whether exported) of the code cells of a notebook that run."
    cells = json.loads(path.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [(s, bool(re.match(r"#\| ?export", s))) for s in sources if "nbdev_export(" not in s]


def in_docstring(tokens):
    "Lines that belong to strings standing alone."
    lines, before = set(), tokenize.NEWLINE
    for token in tokens:
        if token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT,
                                                        tokenize.DEDENT, tokenize.NL):
            lines |= set(range(token.start[0], token.end[0] + 1))
        if token.type != tokenize.COMMENT:
            before = token.type
    return lines


def replacement(token, before):
    "What a token becomes, or None."
    text = token.string
    if token.type == tokenize.NUMBER and re.fullmatch(r"\d+(\.\d*)?(e-?\d+)?", text):
        return f"({text} + 1)" if float(text) == 0 else f"({text} * 2)"
    if text == "-" and before in BEFORE_SIGN:
        return " "   # a sign that goes
    return SWAPS.get(text) if token.type in (tokenize.OP, tokenize.NAME) else None


def mutants(cells):
    "Every change of one token: (cell, line before, source after, line after)."
    for index, (source, exported) in enumerate(cells):
        if not exported or "import" in source.split("\n")[1].split():
            continue
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
        skip, before, lines = in_docstring(tokens), "", source.split("\n")
        for token in tokens:
            if token.type not in (tokenize.OP, tokenize.NAME, tokenize.NUMBER):
                continue
            text = lines[token.start[0] - 1]
            harmless = (token.start[0] in skip or text.lstrip().startswith(("@", "def ", "class "))
                        or re.match(r"    \w+: [\w.]+$", text))
            new = None if harmless else replacement(token, before)
            if new is not None:
                changed = text[:token.start[1]] + new + text[token.end[1]:]
                after = [*lines[:token.start[0] - 1], changed, *lines[token.start[0]:]]
                yield index, text.strip(), "\n".join(after), changed.strip()
            before = token.string


def run(cells, timeout):
    "Seconds that a chapter takes as a script; None where it fails or does not end in time."
    with tempfile.TemporaryDirectory() as home:
        script = Path(home, "chapter.py")
        script.write_text("\n\n".join(source for source, _ in cells))
        env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", "IN_TEST": "1",
               "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        begin = time.perf_counter()
        try:
            done = subprocess.run([sys.executable, "-W", "ignore", script], cwd=home, env=env,
                                  timeout=timeout, capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            return None, "timeout"
        last = done.stderr.strip().split("\n")[-1][:60]
        return (time.perf_counter() - begin if done.returncode == 0 else None), last


def judge(path, count, rng):
    "Run a sample of a chapter's mutants; how many were killed, and the survivors."
    cells = code_cells(path)
    seconds, error = run(cells, 1200)
    if seconds is None:
        sys.exit(f"{path.name} fails as it is: {error}")
    every = list(mutants(cells))
    sample = rng.sample(every, min(count, len(every)))
    print(f"{path.name}: {seconds:.0f} s as it is, {len(sample)} of {len(every)} mutants",
          flush=True)
    survivors = []
    for index, old, source, new in sample:
        mutant = [(source, True) if k == index else cell for k, cell in enumerate(cells)]
        lived, error = run(mutant, SLACK * seconds + 10)
        if lived is not None:
            survivors.append((old, new))
        print(f"  {'SURVIVED' if lived else 'killed  '} {old!r} -> {new!r}  {error}", flush=True)
    return len(sample), survivors


def main():
    "Exit status 1 where fewer than 95 % are killed."
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("-s", type=int, default=0)
    parser.add_argument("chapters", nargs="*", type=Path,
                        default=sorted((ROOT / "nbs" / "05_solvers").glob("*.ipynb")))
    asked, tried, survivors = parser.parse_args(), 0, []
    for path in asked.chapters:
        count, lived = judge(path, asked.n, random.Random(asked.s))
        tried, survivors = tried + count, survivors + [(path.name, *s) for s in lived]
    killed = tried - len(survivors)
    print(f"{killed} of {tried} mutants killed ({killed / max(tried, 1):.0%}); survivors:")
    for name, old, new in survivors:
        print(f"  {name}: {old}  ->  {new}")
    return killed < 0.95 * tried


if __name__ == "__main__":
    sys.exit(main())
