"""What `mkdocs.yml` calls while the site is built: the reference pages are made from the code."""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
import reference


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `docs/reference.py`."""
    for path, make in reference.PAGES.items():
        files.append(File.generated(config, path, content=make()))
    return files
