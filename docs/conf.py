"""The book: nbs/ and examples/ bound by Sphinx, MyST-NB and furo. Build: sphinx-build -W -n -b html
docs docs/_build/html"""
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "_ext"), str(Path(__file__).parents[1])]

project = "factorlasso"
author = "The factorlasso developers"
copyright = "2026 onwards, The factorlasso developers"
extensions = [
    "nbdev_book",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "_ext"]

# The parts of the book: caption -> patterns of notebook paths; a notebook joins the part of the
# longest that it matches.
# Pages of the part without a caption are listed in index.md.
nbdev_package = "factorlasso"
nbdev_parts = {
    "Data": "nbs/01_*",
    "Data sets": "nbs/02_*",
    "Penalties": "nbs/03_*",
    "Clusters": "nbs/04_*",
    "Solvers": "nbs/05_*",
    "Model": "nbs/06_*",
    "Selection": "nbs/07_*",
    "Inference": "nbs/08_*",
    "Diagnostics": "nbs/09_*",
    "Risk": "nbs/10_*",
    "Plots": "nbs/11_*",
    "Command line": "nbs/12_*",
    "Case studies": "examples/*",
    "Reproductions": "examples/paper*",
    "Benchmark": "examples/bench*",
    "": "examples/guide* examples/tasks/*",
}

nb_execution_mode = "off"  # outputs are stored; pytest executes the notebooks
nb_merge_streams = True
nb_ipywidgets_js = {}  # nothing from a CDN
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
numfig = True
numfig_secnum_depth = 2  # figures and equations count within part.chapter
math_numfig = True

numpydoc_show_class_members = False  # autodoc lists them
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings
add_module_names = False
python_maximum_signature_line_length = 80

smartquotes = False
html_theme = "furo"
html_title = "factorlasso"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_extra_path = ["llms.txt"]
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
html_show_sourcelink = False
html_secnumber_suffix = " "
html_domain_indices = False
pygments_style, pygments_dark_style = "default", "monokai"  # contrast of 4.5 and more
copybutton_exclude = ".linenos, .gp, .go"
mathjax_path = "tex-svg-full.js"  # MathJax 3.2.2, one file, kept in _static
