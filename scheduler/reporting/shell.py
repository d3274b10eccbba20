"""What every drawn page is wrapped in: its scripts, its styles, and the leave to run no other.

A page needs nothing else, and its content security policy forbids it any connection.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

HERE = Path(__file__).parent


@cache
def shell(template: str) -> Template:
    """A template of this package, with scripts and styles at hand."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    scripts = {
        "vega": HERE / "assets" / "vega-embed.bundle.js",
        "draw": HERE / "templates" / "page.js",
    }
    inline = {name: path.read_text(encoding="utf-8") for name, path in scripts.items()}
    # The hash in the policy is of the element's whole text, so nothing may be added around it.
    environment.globals["scripts"] = {name: Markup(text) for name, text in inline.items()}
    environment.globals["hashes"] = [_hash(text) for text in inline.values()]
    # What is bundled may be passed on with its notices only, and a report is passed on alone.
    licences = (HERE / "assets" / "LICENSES.txt").read_text(encoding="utf-8")
    environment.globals["licences"] = licences
    css = (HERE / "templates" / "page.css").read_text(encoding="utf-8")
    environment.globals["css"] = Markup(css)
    return environment.get_template(template)


def _hash(script: str) -> str:
    """As a content security policy names a script it allows."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
