"""Sentences follow from the numbers and say how sure they are; what a person wrote stays."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from scripts.pack.commentary import Certainty, Sentence, is_notable, sentences
from scripts.pack.decomposition import Part
from scripts.pack.drafts import OWN, with_edits
from scripts.pack.facts import Event, Headline, PeriodFacts, Quality, Restatement
from scripts.pack.period import month
from scripts.project import UserError

JUNE = month("2026-06")
F = Fraction
RUN = {"run_id": "r1", "tests_warned": 0}
FRESH = [{"system": "tickets", "freshness": "fresh"}, {"system": "crm", "freshness": "fresh"}]


def sla(**changed: object) -> Headline:
    """SLA attainment of 80 % after 90 %, of 50 tickets, that never moved by as much before."""
    headline = Headline(
        metric="sla_attainment",
        label="SLA attainment",
        unit="ratio",
        direction="higher",
        target=0.9,
        owner="Support operations",
        source_systems=("tickets",),
        grain="month",
        period=JUNE,
        value=0.8,
        previous=0.9,
        change=F(-1, 10),
        series=(*[0.88, 0.9] * 6, 0.9, 0.8),
        segments=(
            Part("smb", F(9, 10), F(8, 10), F(-8, 100), F(-7, 100), F(-1, 100)),
            Part("enterprise", F(9, 10), F(8, 10), F(-2, 100), F(-2, 100), F(0)),
        ),
        accounts=(Part("a1", F(1), F(0), F(-4, 100)), Part("a2", F(1), F(0), F(-6, 100))),
        base=50.0,
    )
    return replace(headline, **changed)


def facts_of(*headlines: Headline, **changed: object) -> PeriodFacts:
    facts = PeriodFacts(
        period=JUNE,
        as_of=date(2026, 6, 30),
        run_id="r1",
        headlines=list(headlines),
        monthly=[],
        bridge={},
        risks=[],
        wins=[],
        anomalies=[],
        restatements=[],
        actions=[],
        quality=Quality(RUN | {"started_at": datetime(2026, 7, 1)}, FRESH, [], []),
        is_latest=True,
        account_names={"a1": "Amber", "a2": "Birch"},
    )
    return replace(facts, **changed)


def said(key: str, facts: PeriodFacts) -> Sentence | None:
    return next((each for each in sentences(facts) if each.key == key), None)


def test_a_change_is_told_with_its_target_and_where_it_is() -> None:
    sentence = said("headline-sla_attainment", facts_of(sla()))
    assert sentence == Sentence(
        "headline-sla_attainment",
        "SLA attainment fell by 10.0 pp to 80.0 %, a larger change than in any of the last 12 "
        "months. It misses its target of 90.0 %. Most of it is in smb, −8.0 pp, its own rate "
        "having changed. "
        "Most of it is the account Birch, −6.0 pp.",
        Certainty.SURE,
        "",
        ("sla_attainment",),
    )


def test_more_than_all_and_none() -> None:
    alone = (Part("smb", None, None, F(-15, 100), F(0), F(-15, 100)), Part("x", None, None, F(5)))
    text = said("headline-sla_attainment", facts_of(sla(segments=alone, accounts=()))).text
    assert (
        "More than all of it is in smb, −15.0 pp, and others went the other way, its share" in text
    )
    # Two that have more than half each, against a third: neither is the one to name.
    both = tuple(Part(key, None, None, F(-6, 100)) for key in "ab") + (
        Part("c", None, None, F(2, 100)),
    )
    text = said("headline-sla_attainment", facts_of(sla(segments=both, accounts=()))).text
    assert "No segment has most of it." in text


@pytest.mark.parametrize(
    ("changed", "certainty", "because"),
    [
        ({"base": 9.0}, Certainty.UNSURE, "it rests on 9 only"),
        ({"base": 10.0}, Certainty.FAIRLY_SURE, "it rests on 10"),
        ({"base": 29.0}, Certainty.FAIRLY_SURE, "it rests on 29"),
        ({"base": 30.0}, Certainty.SURE, ""),
        ({"base": None}, Certainty.SURE, ""),
    ],
)
def test_a_ratio_of_few_is_less_sure(
    changed: dict[str, float], certainty: Certainty, because: str
) -> None:
    sentence = said("headline-sla_attainment", facts_of(sla(**changed)))
    assert (sentence.certainty, sentence.because) == (certainty, because)


def test_doubtful_data_are_said() -> None:
    late = Quality(RUN, [{"system": "tickets", "freshness": "late"}], [], [])
    sentence = said("headline-sla_attainment", facts_of(sla(), quality=late))
    assert (sentence.certainty, sentence.because) == (Certainty.UNSURE, "tickets is late")
    assert said("data", facts_of(sla(), quality=late)).text.startswith("Late sources: tickets.")
    other = Quality(RUN, [{"system": "billing", "freshness": "late"}], [], [])
    assert said("headline-sla_attainment", facts_of(sla(), quality=other)).because == ""
    odd = [{"field": "sla_attainment", "table_name": "fct_metric_values"}]
    sentence = said("headline-sla_attainment", facts_of(sla(), anomalies=odd))
    assert sentence.basis == "Fairly sure: the value is an anomaly. From sla_attainment."
    told = [Restatement("sla_attainment", "SLA", "ratio", "2026-05", "all", 0.91, 0.9, "late rows")]
    sentence = said("headline-sla_attainment", facts_of(sla(), restatements=told))
    assert sentence.because == "earlier values were restated"


def test_of_several_doubts_the_worst_counts() -> None:
    odd = [{"field": "sla_attainment", "table_name": "fct_metric_values"}]
    sentence = said("headline-sla_attainment", facts_of(sla(base=9.0), anomalies=odd))
    assert sentence.certainty == Certainty.UNSURE
    assert sentence.because == "it rests on 9 only, the value is an anomaly"


def test_a_usual_change_is_told_of_the_first_number_only() -> None:
    usual = sla(series=(*[0.7, 0.9] * 6, 0.9, 0.8))  # changes of 20 pp before
    assert not is_notable(usual)
    second = replace(usual, metric="csat", label="CSAT")
    told = {each.key: each.text for each in sentences(facts_of(usual, second))}
    assert "a change within the usual" in told["headline-sla_attainment"]
    assert "headline-csat" not in told
    assert told["targets"].endswith("miss their target: CSAT (80.0 %, the target is 90.0 %).")


def test_a_change_is_notable_from_three_quarters_on() -> None:
    def among(smaller: int) -> Headline:
        """One of 12 changes after `smaller` smaller ones and others as large."""
        values = [F(0)]
        for number in range(12):
            values.append(values[-1] + (F(1, 20) if number < smaller else F(1, 10)))
        return sla(series=tuple(float(each) for each in (*values, values[-1] - F(1, 10))))

    assert is_notable(among(9))
    assert not is_notable(among(8))
    assert is_notable(sla(series=(0.9, 0.8)))  # nothing to compare with
    assert not is_notable(sla(change=F(0)))
    assert not is_notable(sla(change=None))


def test_two_changes_in_one_segment_are_a_question_not_an_answer() -> None:
    csat = sla(metric="csat", label="CSAT")
    linked = said("link-sla_attainment-csat", facts_of(sla(), csat))
    assert linked.certainty == Certainty.UNSURE
    assert "mostly in smb" in linked.text
    elsewhere = (Part("enterprise", None, None, F(-1, 10)),)
    assert not said("link-sla_attainment-csat", facts_of(sla(), replace(csat, segments=elsewhere)))
    better = replace(csat, change=F(1, 10), segments=(Part("smb", None, None, F(1, 10)),))
    assert not said("link-sla_attainment-csat", facts_of(sla(), better))


def test_names_are_told_five_at_a_time() -> None:
    left = [
        Event("risk", "Left", f"a{i}", f"Name {i}", "smb", "", "mrr_change", Decimal(-1), "usd")
        for i in range(7)
    ]
    sentence = said("risks-left", facts_of(sla(), risks=left))
    assert sentence.text == "Left: Name 0, Name 1, Name 2, Name 3, Name 4 and 2 more."
    assert sentence.sources == ("mrr_change",)


def test_movements_are_told_together() -> None:
    moved = facts_of(sla(), bridge={"new": Decimal(5), "churn": Decimal(-2)})
    assert (
        said("bridge", moved).text
        == "MRR moved by new +$5, churn −$2; together that is its change."
    )


# --- What a person wrote ----------------------------------------------------------------


def draft(key: str, text: str) -> Sentence:
    return Sentence(key, text, Certainty.SURE, "", ("mrr",))


FIRST = [draft("mrr", "MRR rose by $5."), draft("csat", "CSAT fell.")]
SECOND = [draft("mrr", "MRR rose by $6."), draft("csat", "CSAT rose.")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "commentary.md"
    path.write_text(with_edits(FIRST, path).text)
    return path


def texts(drafts: list[Sentence], file: Path) -> list[str]:
    return [remark.text for remark in with_edits(drafts, file).remarks]


def test_untouched_drafts_are_drafted_anew(file: Path) -> None:
    assert texts(FIRST, file) == ["MRR rose by $5.", "CSAT fell."]
    assert texts(SECOND, file) == ["MRR rose by $6.", "CSAT rose."]
    assert with_edits(FIRST, file).text == file.read_text()
    assert with_edits(FIRST, file).status == "draft"


def test_edited_words_stay_for_ever(file: Path) -> None:
    file.write_text(file.read_text().replace("MRR rose by $5.", "MRR rose, as\n\nplanned."))
    first = with_edits(FIRST, file)
    assert [each.text for each in first.remarks] == ["MRR rose, as\n\nplanned.", "CSAT fell."]
    assert first.remarks[0].newer_draft == ""
    assert first.remarks[0].basis == "Edited by a person. The draft: sure. From mrr."
    for _ in range(3):  # built again and again, on other numbers
        commentary = with_edits(SECOND, file)
        file.write_text(commentary.text)
        assert [each.text for each in commentary.remarks] == [
            "MRR rose, as\n\nplanned.",
            "CSAT rose.",
        ]
        assert commentary.remarks[0].newer_draft == "MRR rose by $6."
    assert with_edits(FIRST, file).remarks[0].newer_draft == ""  # the numbers it was written on


def test_edits_stay_when_nothing_is_drafted_there_any_more(file: Path) -> None:
    file.write_text(file.read_text().replace("CSAT fell.", "CSAT fell in May."))
    assert texts(FIRST[:1], file) == ["MRR rose by $5.", "CSAT fell in May."]
    file.write_text(with_edits([], file).text)
    assert texts(SECOND, file) == ["MRR rose by $6.", "CSAT fell in May."]


def test_deleted_words_stay_deleted_and_a_deleted_line_brings_them_back(file: Path) -> None:
    file.write_text(file.read_text().replace("MRR rose by $5.\n", ""))
    for _ in range(2):
        assert texts(SECOND, file) == ["CSAT rose."]
        file.write_text(with_edits(SECOND, file).text)
    lines = [line for line in file.read_text().splitlines() if not line.startswith("<!-- mrr")]
    file.write_text("\n".join(lines))
    assert texts(SECOND, file) == ["MRR rose by $6.", "CSAT rose."]


def test_own_words_and_the_status_stay(file: Path) -> None:
    text = file.read_text().replace("Status: draft", "Status: reviewed by Kim")
    file.write_text(text.replace("<!-- mrr", "Read this first.\n\n<!-- mrr") + "And the weather.\n")
    for _ in range(2):
        commentary = with_edits(SECOND, file)
        assert commentary.status == "reviewed by Kim"
        assert commentary.remarks[-1].text == "Read this first.\nAnd the weather."
        file.write_text(commentary.text)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("<!-- csat ", "<!-- csat: ", "line 13: this line above a draft is spoilt"),
        (OWN, "", "lacks the line"),
        ("<!-- csat ", "<!-- mrr 12345678 -->\n<!-- csat ", "line 13: mrr is there twice"),
    ],
)
def test_a_spoilt_file_is_told_and_left_alone(
    file: Path, old: str, new: str, sentence: str
) -> None:
    file.write_text(spoilt := file.read_text().replace(old, new))
    with pytest.raises(UserError, match=sentence):
        with_edits(SECOND, file)
    assert file.read_text() == spoilt


def test_line_breaks_are_no_edit(file: Path) -> None:
    file.write_text(file.read_text().replace("MRR rose by $5.", "MRR rose\nby $5."))
    assert texts(SECOND, file)[0] == "MRR rose by $6."
