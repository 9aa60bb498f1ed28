"""Sphinx extension: nbdev notebooks with stored outputs become the pages of a book with an API
reference.

Before anything is read, every notebook named by `nbdev_parts` is rewritten to a MyST-NB page whose
address has no number (nbs/01_data/02_ewma.ipynb -> nb/data/ewma, examples/x.ipynb -> examples/x),
and every public name in the package's `_modidx` gets a page under api/. In text, `name` links to
that page and *Title* to the chapter of that title. Sections, figures and equations carry the
numbers of part and chapter, 1.2.
"""
import ast
import enum
import inspect
import json
import re
from fnmatch import fnmatch
from importlib import import_module
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import NamedTuple

from sklearn.base import BaseEstimator
from sphinx.environment.collectors.toctree import TocTreeCollector

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"nbs": "nb", "examples": "examples"}  # folder of the repository -> folder of the site
LONG = 45  # exported cells with more lines are folded
LONG_LABEL = re.compile(r"<th>(?=[^<]{30})")  # of a row or column, which asks for a wide column
TYPED = ("Parameters", "Returns", "Yields", "Attributes")  # sections of a docstring with types
DPI = 84  # pictures that a chapter draws at a lower resolution are shown at this one
DIRECTIVE = re.compile(r"^\s*#\s*\|\s*([\w-]+)\s*:?\s*(.*)$")
VERBATIM = re.compile(r"(```.*?```|~~~.*?~~~|\$\$.*?\$\$)", re.S)
TICK = re.compile(r"(?<![`\w}\[])`([A-Za-z_][\w.]*)(?:\(\))?`(?!`|\])")
HEAD = re.compile(r"# .*\n+(?:>.*(?:\n|$))*")   # the title of a chapter and its subtitle
EMPHASIS = re.compile(r"(?<![\w*\[])\*([^*]+)\*(?!\*)")
# that scikit-learn adds to an estimator
REQUESTS = ["get_metadata_routing",
            *(f"set_{method}_request" for method in ("fit", "predict", "score"))]
EQUATION = re.compile(r"\beq-[a-z-]*[a-z]\b")   # its label, as a docstring names it
SPAN = re.compile(r"(``.+?``|`[^`]+`|\$[^$\s](?:[^$]*[^$\s])?\$)")


NUMBERED = re.compile(r"(?:(\d+)_)?(.+)")


class Chapter(NamedTuple):
    path: Path  # the notebook
    page: str  # its page, without extension
    number: tuple  # of part and chapter, from the names of folder and file; () where they have none
    part: str  # caption of the part of the book
    cells: list  # of the notebook

    @property
    def label(self):
        "The number as it is read, 1.2"
        return ".".join(map(str, self.number))


def chapters(root, parts):
    "Every notebook that belongs to a part, in reading order"
    found, captions = [], {pattern: name for name, patterns in parts.items()
                           for pattern in patterns.split()}
    for path in sorted(p for folder in FOLDERS for p in (root / folder).rglob("*.ipynb")
                       if ".ipynb_checkpoints" not in p.parts):
        place = path.relative_to(root)
        matching = [pattern for pattern in captions if fnmatch(place.as_posix(), pattern)]
        if matching:
            split = [NUMBERED.fullmatch(name).groups() for name in place.with_suffix("").parts[1:]]
            number = tuple(int(n) for n, _ in split if n)
            cells = json.loads(path.read_text("utf-8"))["cells"]
            page = "/".join([FOLDERS[place.parts[0]], *(name for _, name in split)])
            found.append(Chapter(path, page, number, captions[max(matching, key=len)], cells))
    return sorted(found, key=lambda c: (list(parts).index(c.part), c.path.name))


def title(chapter):
    "The first heading of a notebook"
    text = "\n".join("".join(c["source"]) for c in chapter.cells if c["cell_type"] == "markdown")
    heading = re.search(r"^# (.+)$", text, re.M)
    return heading[1].strip() if heading else chapter.path.stem


def public_names(package):
    "{module: {name: object}} of the exported functions and classes, from nbdev's `_modidx`"
    syms = import_module(f"{package}._modidx").d["syms"]
    short = {mod: [full[len(mod) + 1 :] for full in names] for mod, names in syms.items()}
    return {
        mod: {n: getattr(import_module(mod), n) for n in names if "." not in n and n[0] != "_"}
        for mod, names in short.items()
    }


def link_targets(names):
    "{what may stand in backticks: full name} of the documented names and their methods"
    targets = {}
    for mod, objects in names.items():
        for name, obj in objects.items():
            members = ([m for m, v in vars(obj).items() if m[0] != "_" and documented(v)]
                       if isinstance(obj, type) else [])
            for rel in (name, *(f"{name}.{m}" for m in members)):
                for key in (rel, f"{mod}.{rel}", f"{mod.rpartition('.')[2]}.{rel}"):
                    targets.setdefault(key, f"{mod}.{rel}")
    return targets


def documented(member):
    return (isinstance(member, property | classmethod | staticmethod)
            or (callable(member) and bool(member.__doc__)))


# ------------------------------------------------------------------ notebooks


def split_directives(source):
    "Leading `#| key: value` lines, and the code below them"
    found, lines = {}, source.splitlines()
    while lines and (m := DIRECTIVE.match(lines[0])):
        found[m[1]] = m[2].strip().strip("\"'")
        lines.pop(0)
    return found, "\n".join(lines).strip("\n")


def markdown(text, targets, pages):
    """Link `name` to its reference page, x.ipynb to the page of that notebook and *Title* to the
    chapter of that title"""
    text = re.sub(r"\]\((?:[\w./-]*/)?([\w-]+\.ipynb)",
                  lambda m: f"](/{pages[m[1]]}.ipynb" if m[1] in pages else m[0], text)

    def name(m):
        return f"{{py:obj}}`~{targets[m[1]]}`" if m[1] in targets else m[0]

    def chapter(m):
        return (f"[{m[0]}](/{pages[key]}.ipynb)" if (key := " ".join(m[1].split())) in pages
                else m[0])

    return "".join(part if i % 2 else EMPHASIS.sub(chapter, TICK.sub(name, part))
                   for i, part in enumerate(VERBATIM.split(text)))


def tags(directives, body):
    "nbdev's directives as MyST-NB tags"
    if (directives.keys() & {"hide", "default_exp", "exporti"}
        or directives.get("include") == "false"):
        return ["remove-cell"]
    only_imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)
    found = []
    if "hide_input" in directives or directives.get("echo") == "false":
        found.append("remove-input")
    elif directives.get("code-fold") == "true" or (
        directives.keys() & {"export", "exports"}
        and (only_imports or body[-1].end_lineno - body[0].lineno > LONG)
    ):
        found.append("hide-input")
    if "hide_output" in directives or directives.get("output") == "false":
        found.append("remove-output")
    return found


def parse(code):
    "The statements of a cell; none where it is not plain Python (magics)"
    try:
        return ast.parse(code).body
    except SyntaxError:
        return []


def convert(chapter, module, names, targets, pages):
    """The cells of a chapter's page: directives become tags, and a link to the reference stands
    above what is exported"""
    chapter_zoom = zoom(r'figure\.dpi"\]? ?[=:] (\d+)',
                        "".join(line for cell in chapter.cells for line in cell["source"]), 1.0)
    for at, cell in enumerate(chapter.cells):
        source = "".join(cell["source"])
        if at == 0:
            top = HEAD.match(source)[0]
            source = f"{top}\n\n{download(chapter)}\n\n{source[len(top):]}"
        if cell["cell_type"] == "markdown":
            yield {**cell, "source": markdown(source, targets, pages)}
        if cell["cell_type"] != "code":
            continue
        directives, code = split_directives(source)
        if not code or "nbdev_export(" in code:
            continue
        body = parse(code)
        if directives.keys() & {"export", "exports"}:
            new = [node.name for node in body if getattr(node, "name", None) in names]
            if new:
                links = " ".join(f"{{py:obj}}`~{module}.{name}`" for name in new)
                anchors = "".join(f"({anchor(module, name)})=\n" for name in new)
                yield dict(cell_type="markdown", id=f"api-{cell['id']}", metadata={},
                           source=f"{anchors}:::{{div}} api\n{links}\n:::")
        metadata = {"tags": tags(directives, body)}
        if "fig-cap" in directives:
            metadata["mystnb"] = figure(directives)
        yield {**cell, "source": code, "metadata": metadata,
               "outputs": [spaced(enlarge(output, zoom(r"\bdpi=(\d+)", code, chapter_zoom)))
                           for output in cell["outputs"]]}


def download(chapter):
    "A link to the notebook itself"
    up = "../" * (chapter.page.count("/") + 1)
    path = chapter.path.relative_to(ROOT).as_posix()
    return f":::{{div}} download\n{{download}}`Download this page as a notebook <{up}{path}>`\n:::"


def zoom(pattern, code, otherwise):
    "How much larger a picture is shown whose resolution the code says, if it does"
    dpi = re.search(pattern, code)
    return max(1.0, DPI / int(dpi[1])) if dpi else otherwise


def enlarge(output, times):
    "A stored picture, which has twice the pixels of its stated size, with a larger stated size"
    size = output.get("metadata", {}).get("image/png")
    if not size or times == 1:
        return output
    return {**output, "metadata": {**output["metadata"],
                                   "image/png": {side: round(times * size[side]) for side in size}}}


def spaced(output):
    "A stored table, in which long labels say that they are"
    html = output.get("data", {}).get("text/html")
    if not html:
        return output
    said = LONG_LABEL.sub('<th class="long">', "".join(html))
    return {**output, "data": {**output["data"], "text/html": said}}


def figure(directives):
    caption = directives["fig-cap"].replace("\\\\", "\\")
    label = {"name": directives["label"]} if "label" in directives else {}
    return {"figure": {"caption": caption, **label},
            "image": {"alt": directives.get("fig-alt", caption)}}


def anchor(module, name):
    # names that differ in capitals have places of their own
    kept = re.sub(r"[A-Z]", lambda m: f"u{m[0].lower()}", name)
    return f"cell-{module}.{kept}".lower().replace("_", "-").replace(".", "-")


# ------------------------------------------------------------------ pages that are generated


def api_page(module, name, obj, chapter):
    "One function or class: import line, autodoc entry, and where the book derives it"
    package = module.partition(".")[0]
    home = package if hasattr(import_module(package), name) else module
    kind, options = "function", ""
    if isinstance(obj, type):
        hidden = [*REQUESTS, *getattr(obj, "_fields", ())]   # fields stand among the parameters
        kind, options = "class", "\n   :members:\n   :exclude-members: " + ", ".join(hidden)
        if issubclass(obj, enum.Enum):
            options += "\n   :undoc-members:"
        if issubclass(obj, BaseEstimator):
            options += "\n   :inherited-members: MultiOutputMixin, RegressorMixin, BaseEstimator"
    where = (f"Derived in chapter {chapter.label}, {{ref}}`{title(chapter)} "
             f"<{anchor(module, name)}>`." if chapter else "")
    return f"""# {name}

```python
from {home} import {name}
```

```{{eval-rst}}
.. auto{kind}:: {module}.{name}{options}
```

{where}
"""


def purpose(obj, targets):
    "The first line of a docstring, as a cell of a table"
    line = (inspect.getdoc(obj) or "").partition("\n")[0].replace("|", "\\|")
    return markdown(EQUATION.sub(r"{eq}`\g<0>`", line), targets, {})


def top_list(package, targets):
    "The names that the package itself offers, in the order of the book, with their purpose"
    top = import_module(package)
    found = {name: getattr(top, name) for name in top.__all__}
    out = [f"## {package}", "",
           f"What `from {package} import …` offers; all else is in a part.", "",
           "| name | what it is |", "|---|---|"]
    out += [f"| {{py:obj}}`~{obj.__module__}.{name}` | {purpose(obj, targets)} |"
            for name, obj in sorted(found.items(), key=lambda item: item[0].lower())]
    return "\n".join([*out, "", ""])


def api_list(names, book, targets):
    "The table of contents of the reference: one table a module, first lines of the docstrings"
    out = []
    for module, objects in sorted(names.items(),
                                  key=lambda item: getattr(book.get(item[0]), "number", ())):
        if not objects:
            continue
        chapter = book.get(module)
        out += [f"## {module}", ""]
        out += ([f"Chapter {chapter.label}, [{title(chapter)}](/{chapter.page}.ipynb)", ""]
                if chapter else [])
        out += ["| name | what it is |", "|---|---|"]
        for name, obj in objects.items():
            out.append(f"| {{py:obj}}`~{module}.{name}` | {purpose(obj, targets)} |")
        out += ["", "```{toctree}", ":hidden:", *(f"{n} <api/{module}.{n}>" for n in objects),
                "```", ""]
    return "\n".join(out)


def module_of(chapter, package):
    "The module that a chapter exports: nb/data/ewma -> package.data.ewma"
    return ".".join([package, *chapter.page.split("/")[1:]])


def part_list(found, parts):
    "One table of contents for each part of the book that has a caption and a notebook"
    out = []
    for part in parts:
        members = [c for c in found if c.part == part]
        if part and members:
            numbered = [":numbered:"] if members[0].number else []
            out += ["```{toctree}", f":caption: {part}", ":maxdepth: 1", *numbered, "",
                    *(c.page for c in members), "```", ""]
    return "\n".join(out)


def write_pages(app, config):
    """Write every generated page that changed, and remove what no notebook or name stands behind
    any more"""
    docs = Path(app.srcdir)
    found, names = chapters(docs.parent, config.nbdev_parts), public_names(config.nbdev_package)
    targets, pages = link_targets(names), {key: c.page for c in found
                                           for key in (c.path.name, title(c))}
    book = {module_of(c, config.nbdev_package): c for c in found if c.number}
    texts = {}
    for chapter in found:
        module = module_of(chapter, config.nbdev_package)
        cells = list(convert(chapter, module, names.get(module, {}), targets, pages))
        notebook = json.loads(chapter.path.read_text("utf-8")) | {"cells": cells}
        texts[docs / f"{chapter.page}.ipynb"] = json.dumps(notebook, indent=1, ensure_ascii=False)
    for module, objects in names.items():
        for name, obj in objects.items():
            texts[docs / "api" / f"{module}.{name}.md"] = api_page(module, name, obj,
                                                                   book.get(module))
    for path in {p for folder in ("nb", "examples", "api") for p in (docs / folder).rglob("*")
                 if p.is_file()} - texts.keys():
        path.unlink()
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True, parents=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    app.book = dict(
        numbers={c.page: c.number for c in found if c.number},
        targets=targets,
        pages=pages,
        placeholders={"parts": part_list(found, config.nbdev_parts),
                      "api": (top_list(config.nbdev_package, targets)
                              + api_list(names, book, targets))},
    )


def fill_placeholders(app, docname, source):
    "Put README.md, the parts and the list of names where index.md and api.md ask for them"
    if docname not in ("index", "api"):
        return
    readme = (Path(app.srcdir).parent / "README.md").read_text("utf-8")
    readme = markdown(readme, app.book["targets"], app.book["pages"])
    readme = re.sub(r"\]\((?![a-z]+:|[/#])(?!docs/)", "](../", readme).replace("](docs/", "](")
    for key, text in {**app.book["placeholders"], "readme": readme}.items():
        source[0] = source[0].replace(f"<!-- {key} -->", text)


# ------------------------------------------------------------------ docstrings and numbers


def inline(line, targets):
    """A line of a numpydoc docstring: names in single backticks link or are code, $x$ is a formula,
    eq-x a link to the equation, the rest is left to numpydoc"""
    out = []
    for i, part in enumerate(SPAN.split(line)):
        code = part.strip("`")
        if i % 2 == 0:
            # |u| is no substitution of reStructuredText
            out.append(EQUATION.sub(r":eq:`\g<0>`", part.replace("|", r"\|")))
        elif part.startswith("``"):
            out.append(part)
        elif part.startswith("$"):
            out.append(f":math:`{part[1:-1]}`")
        else:
            out.append(f":py:obj:`~{targets[code]}`" if code in targets else f"``{code}``")
    return "".join(out)


def linked_types(lines, targets):
    "The lines of a docstring with links from the classes that arguments and values are said to be"
    def link(match):
        name = match[0]
        return f"`{name}`" if name in targets and name[0].isupper() else name

    heads = (k for k, rule in enumerate(lines) if rule and not rule.strip("-"))
    typed = {k for head in heads if lines[head - 1] in TYPED
             for k in takewhile(lambda k: lines[k].strip(), range(head + 1, len(lines)))}
    out = []
    for k, line in enumerate(lines):
        name, colon, kind = line.rpartition(" : ")
        is_typed = k in typed and not line.startswith(" ") and "`" not in line
        out.append(name + colon + re.sub(r"(?<![\w.])[A-Z]\w+", link, kind) if is_typed else line)
    return out


def without_self(method, lines):
    "The lines of a docstring without the argument that a method is called on"
    first = next(iter(inspect.signature(method).parameters), "self")
    at = next((k for k, line in enumerate(lines) if line.startswith(f"{first} : ")), None)
    if at is None:
        return lines
    rest = list(dropwhile(lambda line: line.startswith(" "), lines[at + 1:]))
    return lines[:at] + rest


def document(app, what, name, obj, options, lines):
    """Mark a docstring up: names in backticks are links, $x$ is a formula, sections are left to
    numpydoc"""
    targets = app.book["targets"]
    if what == "method" and not inspect.ismethod(obj):   # of functions that became methods
        lines[:] = without_self(obj, lines)
    lines[:] = linked_types(lines, targets)
    lines[:] = [line if line.lstrip().startswith((">>>", "...")) else inline(line, targets)
                for line in lines]


def number_by_file(assign):
    """Wrap Sphinx's numbering of sections: the chapter nbs/01_data/02_ewma.ipynb has number 1.2,
    whatever else the book holds"""

    def assign_section_numbers(collector, env):
        changed = assign(collector, env)
        for page, number in env.app.book["numbers"].items():
            secnums = env.toc_secnumbers.get(page, {})
            env.toc_secnumbers[page] = {key: (*number, *old[1:]) for key, old in secnums.items()}
            for node in (env.titles[page], *env.tocs[page].findall(
                lambda n: "secnumber" in getattr(n, "attributes", {}))):
                node["secnumber"] = [*number, *node["secnumber"][1:]]
        return changed

    return assign_section_numbers


def setup(app):
    app.add_config_value("nbdev_package", "", "env")
    app.add_config_value("nbdev_parts", {}, "env")
    app.connect("config-inited", write_pages, priority=400)
    app.connect("source-read", fill_placeholders)
    app.connect("env-get-outdated", lambda *_: ["index", "api"])  # they list pages that may be new
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", document, priority=400)  # before numpydoc
    TocTreeCollector.assign_section_numbers = number_by_file(
        TocTreeCollector.assign_section_numbers)
    return dict(version="1", parallel_read_safe=False, parallel_write_safe=True)
