"""Makes the JavaScript that draws the figures: Vega, Vega-Lite and vega-embed as one file.

    python -m scheduler.reporting.bundle

Run at release time, with the dev dependency vl-convert at hand; the file is kept under version
control, so that whoever writes or reads a report needs neither vl-convert nor a network. The
version of Vega-Lite must be the one altair's specifications are written for.
"""

from pathlib import Path

import vl_convert

ASSETS = Path(__file__).with_name("assets")
BUNDLE = ASSETS / "vega-embed.bundle.js"
VEGA_LITE = "6.4"
SNIPPET = "window.vegaEmbed = vegaEmbed;"

BANNER = """/*!
 * Vega {vega}, Vega-Lite {vega_lite}, vega-embed {vega_embed} and what they depend on, bundled by
 * vl-convert. Licences: LICENSES.txt beside this file, and the foot of every page that holds it.
 */
"""


def bundle() -> str:
    """The bundle with its banner; defines `vegaEmbed` for the page's own script."""
    banner = BANNER.format(
        vega=vl_convert.get_vega_version(),
        vega_lite=VEGA_LITE,
        vega_embed=vl_convert.get_vega_embed_version(),
    )
    return banner + str(vl_convert.javascript_bundle(SNIPPET, vl_version=VEGA_LITE)) + "\n"


def write(path: Path = BUNDLE) -> Path:
    """Write the bundle to `path`."""
    path.write_text(bundle(), encoding="utf-8", newline="\n")
    return path


if __name__ == "__main__":
    write()
