"""The files of a pack: they say what the facts say, and hold up when opened."""

import io
import json
import re
import shutil
import subprocess
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from browser import BROWSER, open_browser
from playwright.sync_api import Page

from scripts.metrics_engine import MetricsEngine
from scripts.pack import page, write
from scripts.pack.command import make_pack
from scripts.pack.document import (
    Document,
    MetricName,
    Number,
    Remark,
    Rounded,
    Section,
    Table,
    blocks,
    text_of,
)
from scripts.pack.facts import PeriodFacts, period_facts
from scripts.pack.markdown import markdown
from scripts.pack.page import html
from scripts.pack.period import month, week_ending
from scripts.pack.workbook import workbook
from scripts.project import ROOT, Places, UsageError, UserError, sibling


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file of its own: what the build left, under another name."""
    file = tmp_path_factory.mktemp("published") / "bellwether.duckdb"
    shutil.copy(Places.of().work_file, file)
    shutil.copy(Places.of().semantic_manifest, sibling(file, "semantic_manifest.json"))
    return file


@pytest.fixture(scope="module")
def facts(metrics_engine: MetricsEngine, published: Path) -> PeriodFacts:
    return period_facts(metrics_engine, published.parent / "none.duckdb", month("2026-06"))


@pytest.fixture(scope="module")
def pack(published: Path, facts: PeriodFacts) -> Path:
    """The folder of a month's pack."""
    make_pack(published, None, "2026-06")
    return published.parent / "bellwether.packs" / "2026-06"


@pytest.fixture
def same_engine(metrics_engine: MetricsEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's engine, which reads the same tables, and no browser: each takes seconds."""
    monkeypatch.setattr(metrics_engine, "close", lambda: None)
    monkeypatch.setattr("scripts.metrics_engine.MetricsEngine", lambda _: metrics_engine)
    monkeypatch.setattr(write, "browser", lambda: None)


def rows_of(book: openpyxl.Workbook, sheet: str) -> list[dict[str, object]]:
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_files_are_there(pack: Path) -> None:
    names = {"pack.md", "pack.html", "pack.xlsx", "commentary.md", "told.json"}
    names |= {"pack.pdf"} if BROWSER else set()
    assert {file.name for file in pack.iterdir()} == names


def test_the_workbook_holds_the_numbers_as_numbers(pack: Path, facts: PeriodFacts) -> None:
    book = openpyxl.load_workbook(pack / "pack.xlsx")
    assert book.vba_archive is None
    found = {row["Metric"]: row for row in rows_of(book, "numbers")}
    assert set(found) == {headline.label for headline in facts.headlines}
    for headline in facts.headlines:
        for column, value in (("Value", headline.value), ("Month before", headline.previous)):
            shown = found[headline.label][column]
            assert shown == (None if value is None else pytest.approx(float(value)))
    sheet = book["numbers"]
    formats = {row[0].value: (row[1].number_format, row[3].number_format) for row in sheet}
    assert formats["Monthly recurring revenue (MRR)"][0] == "$#,##0.00"
    assert formats["Net revenue retention (NRR)"][0] == "0.00%"
    assert formats["Active customers"][1].startswith("+#,##0;")
    assert "f" not in {cell.data_type for each in book for row in each for cell in row}


def test_parts_in_the_workbook_add_up(pack: Path, facts: PeriodFacts) -> None:
    book = openpyxl.load_workbook(pack / "pack.xlsx")
    by_segment = {row.pop("Metric"): row for row in rows_of(book, "by_segment")}
    assert len(by_segment) > 15
    for row in by_segment.values():
        whole = row.pop("Change")
        assert sum(part or 0 for part in row.values()) == pytest.approx(whole, abs=1e-9)
    parts: dict[object, float] = {}
    for row in rows_of(book, "by_account"):
        parts[row["Metric"]] = parts.get(row["Metric"], 0) + row["Part"]
    changes = {each.label: float(each.change) for each in facts.headlines if each.change}
    assert parts == pytest.approx(changes, abs=1e-9)
    assert len(rows_of(book, "by_account")) > 500  # every account, not the page's few


def printed(text: str) -> Decimal:
    number = re.sub(r"[^0-9.−]", "", text).replace("−", "-")
    return Decimal(number) if number else Decimal(0)


def test_parts_that_are_printed_add_up(pack: Path) -> None:
    """Line by line, as a reader with a pencil adds them."""
    text = (pack / "pack.md").read_text()
    table = text.partition("### What each segment has in the change")[2].partition("\n*From")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    assert len(lines) > 15
    for _, whole, *parts in lines[2:]:
        assert sum(map(printed, parts)) == printed(whole)
    table = text.partition("### What accounts have in the change")[2].partition("\n*Of the")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    wholes, parts = {}, {}
    for metric, account, _, _, part in lines[2:]:
        if account == "Together":
            wholes[metric] = printed(part)
        else:
            parts[metric] = parts.get(metric, 0) + printed(part)
    assert parts == wholes
    assert len(wholes) >= 2


def test_a_number_is_printed_as_the_metric_query_gives_it(
    pack: Path, metrics_engine: MetricsEngine
) -> None:
    (row,) = metrics_engine.query(
        ["mrr", "net_revenue_retention"],
        ["metric_time__month"],
        ["metric_time__month = '2026-06-01'"],
    ).to_pylist()
    for name in ("pack.md", "pack.html"):
        text = (pack / name).read_text()
        assert f"${row['mrr']:,.0f}" in text
        assert f"{100 * row['net_revenue_retention']:.1f} %" in text


def test_the_page_needs_nothing_and_fits_a_phone(pack: Path) -> None:
    with open_browser() as tab:
        requests: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("pageerror", lambda error: requests.append(str(error)))
        tab.on("console", lambda message: requests.append(message.text))
        for width in (1200, 360):
            tab.set_viewport_size({"width": width, "height": 800})
            tab.goto((pack / "pack.html").as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert requests == [(pack / "pack.html").as_uri()] * 2
        assert_accessible(tab)
        links = tab.locator("#numbers a").evaluate_all("each => each.map(a => a.href)")
        dictionary = sibling(pack.parent.parent / "bellwether.duckdb", "dictionary.html").as_uri()
        assert links[0] == f"{dictionary}#mrr"


def assert_accessible(tab: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        tab.emulate_media(color_scheme=scheme)
        options = {"resultTypes": ["violations"], **rules}
        found = Axe().run(tab, options=options).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.skipif(not BROWSER, reason="there is no chromium here")
def test_the_pdf_holds_no_path_of_this_machine(pack: Path) -> None:
    content = (pack / "pack.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"file:///" not in content
    assert str(pack.parent).encode() not in content


@pytest.mark.usefixtures("same_engine")
def test_edits_are_kept_in_every_file(published: Path, pack: Path) -> None:
    commentary = pack / "commentary.md"
    before = commentary.read_text()
    sentence = next(line for line in before.splitlines() if line.startswith("Expansion MRR fell"))
    text = before.replace(sentence, "Expansion fell <as planned> & so on.")
    commentary.write_text(text.replace("Status: draft", "Status: reviewed"))
    told = (pack / "told.json").read_text()
    make_pack(published, None, "2026-06")
    assert "Expansion fell <as planned> & so on." in commentary.read_text()
    assert "Expansion fell &lt;as planned&gt; &amp; so on." in (pack / "pack.html").read_text()
    assert "Expansion fell &lt;as planned> & so on." in (pack / "pack.md").read_text()
    assert "**Status: reviewed.**" in (pack / "pack.md").read_text()
    sheet = openpyxl.load_workbook(pack / "pack.xlsx")["commentary"]
    assert "Expansion fell <as planned> & so on." in [cell.value for cell in sheet["A"]]
    assert (pack / "told.json").read_text() == told


@pytest.mark.usefixtures("same_engine")
def test_a_weekly_pack_of_a_period_told_before(published: Path) -> None:
    """Without a browser there is no PDF, and what was told before is compared."""
    folder = published.parent / "bellwether.packs" / "2026-06-28"
    folder.mkdir(parents=True)
    (folder / "told.json").write_text('{"2020-01-01": {"tickets_opened": "1000"}}')
    (folder / "pack.pdf").write_text("of an earlier build")
    files, has_pdf = make_pack(published, "2026-06-28", None)
    assert not has_pdf
    assert not (folder / "pack.pdf").exists()
    assert {file.name for file in files} == {"pack.md", "pack.html", "pack.xlsx", "commentary.md"}
    book = openpyxl.load_workbook(folder / "pack.xlsx")
    (row,) = rows_of(book, "restatements")
    assert (row["Metric"], row["Told"]) == ("Tickets opened", 1000)
    assert "monthly" in book.sheetnames
    assert len(json.loads((folder / "told.json").read_text())) == 2


@pytest.mark.usefixtures("same_engine")
@pytest.mark.parametrize(
    ("week", "month_", "sentence"),
    [
        (None, None, "Name one period"),
        ("2026-06-28", "2026-06", "Name one period"),
        ("2026-06-27", None, "is a Saturday"),
        (None, "2026-07", "is not over"),
    ],
)
def test_nothing_is_written_for_a_bad_period(
    published: Path, week: str | None, month_: str | None, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        make_pack(published, week, month_)
    assert not (published.parent / "bellwether.packs" / "2026-07").exists()


def test_make_clean_leaves_what_a_person_wrote(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    folder = tmp_path / "published" / "bellwether.packs" / "2026-06"
    for name in ("pack.html", "told.json", "commentary.md"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text")
    other = tmp_path / "published" / "bellwether.pages"
    other.mkdir()
    (other / "overview.html").write_text("text")
    for _ in range(2):
        subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
        left = [path for path in (tmp_path / "published").rglob("*") if path.is_file()]
        assert left == [folder / "commentary.md"]
        assert not other.exists()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        make_pack(tmp_path / "none.duckdb", None, "2026-06")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("same_engine")
def test_a_spoilt_commentary_stops_before_anything_is_written(published: Path, pack: Path) -> None:
    commentary = pack / "commentary.md"
    kept = commentary.read_text()
    old = {file: file.read_bytes() for file in pack.iterdir()}
    commentary.write_text("Only my own words.")
    with pytest.raises(UserError, match="lacks the line"):
        make_pack(published, None, "2026-06")
    commentary.write_text(kept)
    assert {file: file.read_bytes() for file in pack.iterdir()} == old


# --- Writing ----------------------------------------------------------------------------

NASTY = '=HYPERLINK("http://x") | <b>a</b>\x07 *b*'


@pytest.fixture
def nasty() -> Document:
    table = Table(
        "t",
        "A table",
        ["Account", "Part"],
        [[NASTY, Rounded(Decimal("-0.0125"), "ratio")], ["Together", None]],
        ["mrr"],
    )
    return Document("A pack", "about", "draft", [Section("S", [table], [], [Remark("x", "y")])])


def test_a_name_is_only_a_name(nasty: Document) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(nasty)))["t"]
    cell = sheet["A2"]
    assert (cell.data_type, cell.value) == ("s", NASTY.replace("\x07", ""))
    assert sheet["B2"].value == -0.0125
    text = markdown(nasty)
    assert r'| =HYPERLINK("http://x") \| \<b\>a\</b\>' in text
    assert "<b>a" not in html(nasty, None)
    assert "href" not in html(nasty, None).partition("</nav>")[2]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Rounded(Decimal("-0.0125"), "ratio"), "−1.25 pp"),
        (Rounded(Decimal("12.5"), "usd"), "+$12.50"),
        (Rounded(Decimal(0), "usd"), "$0.00"),
        (Rounded(Decimal(-3), "tickets"), "−3"),
        (Rounded(Decimal("1.5"), "score"), "+1.50"),
        (Rounded(None, "usd"), "–"),
        (Number(Fraction(1, 3), "ratio"), "33.3 %"),
        (Number(-1, "accounts", is_change=True), "−1"),
        (MetricName("mrr", "MRR"), "MRR"),
        (month("2026-06").end, "30 Jun 2026"),
        (None, "–"),
        ("text", "text"),
    ],
)
def test_how_a_cell_reads(cell: object, text: str) -> None:
    assert text_of(cell) == text


def test_a_trend_in_letters() -> None:
    assert blocks((1, None, 8)) == "▁ █"
    assert blocks((5, 5)) == "▄▄"
    assert blocks((None,)) == ""


def test_a_week_and_a_month_have_folders_of_their_own() -> None:
    assert (week_ending("2026-06-28").name, month("2026-06").name) == ("2026-06-28", "2026-06")


def test_the_browser_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page.shutil, "which", {"google-chrome": "/opt/chrome"}.get)
    assert page.browser() == "/opt/chrome"
    monkeypatch.setattr(page.shutil, "which", {}.get)
    assert page.browser() is None
