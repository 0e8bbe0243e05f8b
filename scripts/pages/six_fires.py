"""Six fires: what a customer-success leader is asked, what explains it and what to do."""

from __future__ import annotations

from typing import Any

from scripts.formats import day_text, month_text, value_text
from scripts.pages.charts import bars, lines
from scripts.pages.facts import Facts
from scripts.pages.fires import Cause, Fire, Number, fires
from scripts.pages.parts import Chart, Figure, Figures, Named, Page, Section, Table

NOBODY = ["nobody", "", ""]  # a row of a table that would be empty
QUEUE = ["playbook_key", "account_name", "reason", "due_date"]


def page(facts: Facts) -> Page:
    """The page, from the metrics and the queue of one published file."""
    queue = facts.rows("marts.rpt_cta_queue", QUEUE)
    return Page(
        key="six_fires",
        title="Six fires",
        text="Six questions that can't wait: the number, its trend, who explains it, what to do. "
        "The charts follow what is chosen above; all else is of the whole company.",
        sections=[section(facts, fire) for fire in fires(facts.engine, facts.last_month, queue)],
    )


def section(facts: Facts, fire: Fire) -> Section:
    """A question and its answer, as one section."""
    question = fire.question
    parts = [_numbers(facts, fire), _trend(facts, fire), _causes(facts, fire), _play(facts, fire)]
    return Section(question.key, question.text, question.says, parts)


def _numbers(facts: Facts, fire: Fire) -> Figures:
    return Figures(
        f"{fire.question.key}_numbers", [_figure(facts, number) for number in fire.numbers]
    )


def _figure(facts: Facts, number: Number) -> Figure:
    asked, metric = number.asked, facts.metric(number.asked.metric)
    until = month_text(facts.last_month)
    over = until if asked.months == 1 else f"{asked.months} months to {until}"
    now, then = (
        value_text(value, metric.meta["unit"], compact=True)
        for value in (number.value, number.year_before)
    )
    name = asked.note or metric.label
    return Figure(asked.metric, name, now, [over, f"{then} a year before"])


def _trend(facts: Facts, fire: Fire) -> Chart:
    asked, by = fire.question.asked[0], fire.question.by
    metric = facts.metric(asked.metric)
    name = asked.note or metric.label
    shown = {
        "key": f"{fire.question.key}_trend",
        "title": f"{name}, by month",
        "unit": metric.meta["unit"],
        "height": 150,
    }
    if by:
        parts = facts.cube([asked.metric], [by], asked.where)
        return bars(parts, {asked.metric: name}, colour=by.rpartition("__")[2], **shown)
    whole = facts.cube([asked.metric], where=asked.where)
    return lines(whole, {asked.metric: name}, target=metric.meta["target"], **shown)


def _causes(facts: Facts, fire: Fire) -> Table:
    return Table(
        key=f"{fire.question.key}_causes",
        title=fire.question.causes_are,
        source="metric queries",
        columns=["Who", "Metric", "Value"],
        rows=[facts.row(_cause_cells(facts, cause)) for cause in fire.causes]
        or [facts.row(NOBODY)],
        numeric=frozenset({"Value"}),
        is_wide=False,
    )


def _cause_cells(facts: Facts, cause: Cause) -> list[Any]:
    metric = facts.metric(cause.metric)
    return [
        f"{cause.label} ({cause.note})" if cause.note else cause.label,
        Named(cause.metric, metric.label),
        value_text(cause.value, metric.meta["unit"], compact=True),
    ]


def _play(facts: Facts, fire: Fire) -> Table:
    key, play = f"{fire.question.key}_play", fire.play
    if play is None:
        rows = [facts.row([fire.question.advice])]
        return Table(key, "The play to run", "no playbook", ["What to do"], rows)
    return Table(
        key=key,
        title=f"The play to run: {play.name}",
        source="rpt_cta_queue",
        columns=["Account", "Why", "Due"],
        rows=[
            facts.row([row["account_name"], row["reason"], day_text(row["due_date"])])
            for row in play.proposed
        ]
        or [facts.row(NOBODY)],
        numeric=frozenset({"Due"}),
        note="what the rules propose today, soonest due first",
    )
