"""How the documentation is built.

``python -m sphinx -W --keep-going -b html docs docs/_build/html``

No network is needed. With ``DOCS_INTERSPHINX=1`` in the environment, names of scikit-learn, NumPy
and SciPy become links into their documentation, whose indexes are downloaded for that.
"""

import builtins
import os
import shutil
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx_gallery.scrapers import figure_rst

import skl_softmaxnet

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
COPIES = HERE / "_build" / "examples"

project = "skl_softmaxnet"
author = "the skl_softmaxnet developers"
copyright = author
version = release = skl_softmaxnet.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/**.ipynb"]
templates_path = ["_templates"]
default_role = "literal"  # `name` in docstrings
suppress_warnings = ["config.cache"]  # functions among the settings of the gallery

# --- Pages ---

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"  # neither prompts nor output

html_theme = "pydata_sphinx_theme"
html_title = "skl_softmaxnet"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_sidebars = {name: [] for name in ("index", "getting_started", "changelog", "contributing")}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_nav_level": 1,
    "show_prev_next": True,
}

# --- The reference, from docstrings ---

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # the docstrings say more
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

intersphinx_mapping = {}
if os.environ.get("DOCS_INTERSPHINX") == "1":
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
    }

# --- The gallery ---


def copy_examples():
    """Copy the gallery's scripts, which draw beside themselves: the checkout stays as it is."""
    COPIES.mkdir(parents=True, exist_ok=True)
    for old in COPIES.glob("*.py"):
        if not (EXAMPLES / old.name).exists():
            old.unlink()
    for path in [*EXAMPLES.glob("*.py"), EXAMPLES / "GALLERY_HEADER.rst"]:
        shutil.copy2(path, COPIES)


def scrape_saved_picture(block, block_vars, gallery_conf):
    """Show the picture that a script has saved beside itself."""
    saved = Path(block_vars["src_file"]).with_suffix(".png")
    if not saved.exists():
        return ""
    shown = next(block_vars["image_path_iterator"])
    shutil.move(saved, shown)
    return figure_rst([shown], gallery_conf["src_dir"])


def tell_where(gallery_conf, path):
    """Let a script know its ``__file__``, beside which it draws: sphinx-gallery does not."""
    builtins.__file__ = path


copy_examples()

sphinx_gallery_conf = {
    "examples_dirs": str(COPIES),
    "gallery_dirs": "auto_examples",
    # what needs an extra of its own is shown without being run
    "filename_pattern": r"/(?!dask_|onnx_|with_)\w+\.py$",
    "image_scrapers": (scrape_saved_picture,),
    "reset_modules": (tell_where,),
    "within_subsection_order": "ExampleTitleSortKey",
    "doc_module": "skl_softmaxnet",
    "backreferences_dir": "generated/backreferences",
    "download_all_examples": False,
    "notebook_extensions": set(),  # scripts draw beside themselves, which notebooks cannot
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    "thumbnail_size": (400, 280),
    "default_thumb_file": str(HERE / "_static" / "no_picture.svg"),
}

# --- Formulas, as MathML, which browsers draw without a script from elsewhere ---


def visit_math(translator, node):
    mathml = tex2mathml(node.astext(), as_block=isinstance(node, nodes.math_block))
    if isinstance(node, nodes.math_block):
        mathml = f'<div class="formula">{mathml}</div>'
    translator.body.append(mathml)
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer(
        "mathml", inline_renderers=(visit_math, None), block_renderers=(visit_math, None)
    )


html_math_renderer = "mathml"
