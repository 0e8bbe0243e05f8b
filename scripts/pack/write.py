"""Writes a pack's files: Markdown, HTML, workbook, and PDF where there is a browser."""

from pathlib import Path

from scripts.pack.document import Document
from scripts.pack.markdown import markdown
from scripts.pack.page import browser, html, pdf
from scripts.pack.workbook import workbook
from scripts.project import sibling

NO_BROWSER = (
    "No PDF was written, for there is no Chromium on this machine. Install it "
    "(e.g. apt-get install chromium), or print the HTML page."
)


def write_document(document: Document, folder: Path, name: str, published_file: Path) -> list[Path]:
    """Write the files of a document into a folder beside the published file and give their paths.

    All are made before the first is put in place, each in one step.
    """
    up = Path(*[".."] * len(folder.relative_to(published_file.parent).parts))
    dictionary = sibling(published_file, "dictionary.html")
    contents = {
        f"{name}.md": markdown(document).encode(),
        f"{name}.html": html(document, (up / dictionary.name).as_posix()).encode(),
        f"{name}.xlsx": workbook(document),
    }
    if chromium := browser():
        contents[f"{name}.pdf"] = pdf(html(document, None), chromium)
    else:
        (folder / f"{name}.pdf").unlink(missing_ok=True)  # of an earlier build, of other numbers
    for file, content in contents.items():
        put_bytes(content, folder / file)
    return [folder / file for file in contents]


def put_bytes(content: bytes, destination: Path) -> None:
    """Write a file in one step."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    new = destination.with_name(f".{destination.name}.new")
    new.write_bytes(content)
    new.replace(destination)
