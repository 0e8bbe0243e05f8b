"""Support and voice: how fast and how well customers are helped, and what they say."""

from __future__ import annotations

from scripts.pages.charts import BLUE, GREY, ORANGE, YELLOW, each, heat_map, lines, quarter, ranking
from scripts.pages.facts import Facts
from scripts.pages.parts import Kpi, Kpis, Page, Section

PRIORITIES = {"urgent": ORANGE, "high": YELLOW, "normal": BLUE, "low": GREY}
PRIORITY, THEME = "ticket__priority", "feedback__theme"
TICKETS = ["sla_attainment", "escalation_rate", "escalation_instrumentation", "csat"]
VOLUME = ["tickets_opened", "tickets_solved"]
VOICE = ["nps", "pnps", "nps_responses", "closed_loop_rate", "survey_response_rate"]
TIMES = {
    "first_reply_time_hours": "reply, median",
    "first_reply_time_hours_p90": "reply, p90",
    "full_resolution_time_hours": "solution, median",
    "full_resolution_time_hours_p90": "solution, p90",
}


def page(facts: Facts) -> Page:
    """The page, from the metrics of one published file."""
    return Page(
        key="support",
        title="Support and voice",
        text="How fast and how well customers are helped, and what they say of it.",
        sections=[_now(facts), _service(facts), _escalations(facts), _voice(facts), _themes(facts)],
    )


def _now(facts: Facts) -> Section:
    tickets, voice = facts.cube(TICKETS), facts.cube(VOICE)
    return Section(
        "now",
        "Where we stand",
        "The period's last month.",
        [
            Kpis(
                "support_now",
                [
                    Kpi("sla_attainment", "Service levels met", tickets),
                    Kpi("open_tickets", "Open tickets", facts.cube(["open_tickets"])),
                    Kpi("csat", "Satisfied with support", tickets),
                    Kpi("nps", "Net promoter score", voice),
                ],
            )
        ],
    )


def _service(facts: Facts) -> Section:
    return Section(
        "service",
        "Service",
        "Tickets, service levels and times; a ticket counts in the month it was opened or solved.",
        [
            lines(
                facts.cube(["sla_attainment"], [PRIORITY], period="quarter"),
                {"sla_attainment": "met"},
                key="support_sla",
                title="Share of tickets answered and solved in time, by priority and quarter",
                unit="ratio",
                colour="priority",
                colours=PRIORITIES,
            ),
            lines(
                facts.cube(VOLUME),
                {"tickets_opened": "opened", "tickets_solved": "solved"},
                key="support_volume",
                title="Tickets opened and solved each month",
                unit="tickets",
                zero=True,
            ),
            lines(
                facts.cube(["open_tickets"]),
                {"open_tickets": "open"},
                key="support_backlog",
                title="Backlog: tickets open at each month end",
                unit="tickets",
                zero=True,
            ),
            lines(
                facts.cube(list(TIMES)),
                TIMES,
                key="support_times",
                title="Hours to the first reply and to the solution: median and 90th percentile",
                unit="hours",
                zero=True,
            ),
        ],
    )


def _escalations(facts: Facts) -> Section:
    tickets = facts.cube(TICKETS)
    return Section(
        "escalations",
        "Escalations",
        "Tickets that went up, and whether their cause was recorded within seven days.",
        [
            lines(
                tickets,
                {"escalation_rate": "escalated"},
                key="support_escalations",
                title="Share of tickets that were escalated",
                unit="ratio",
                zero=True,
            ),
            lines(
                tickets,
                {"escalation_instrumentation": "recorded"},
                key="support_instrumentation",
                title="Share of escalations whose root cause and resolution were recorded in time",
                unit="ratio",
                target=facts.metric("escalation_instrumentation").meta["target"],
                zero=True,
            ),
        ],
    )


def _voice(facts: Facts) -> Section:
    voice = facts.cube(VOICE, period="quarter")
    return Section(
        "voice",
        "Voice of the customer",
        "What customers answer when asked, by quarter: a month has too few answers.",
        [
            lines(
                voice,
                {"nps": "all who were asked", "pnps": "paying customers"},
                key="voice_nps",
                title="Net promoter score",
                unit="score",
            ),
            lines(
                facts.cube(["csat", "survey_satisfaction_rate"], period="quarter"),
                {"csat": "with a ticket", "survey_satisfaction_rate": "in a survey"},
                key="voice_csat",
                title="Share of ratings that are good",
                unit="ratio",
                zero=True,
            ),
            lines(
                voice,
                {"survey_response_rate": "answered", "closed_loop_rate": "called back in time"},
                key="voice_loop",
                title="Share of invitations answered, and of detractors called back",
                unit="ratio",
                zero=True,
            ),
            lines(
                voice,
                {"nps_responses": "answers"},
                key="voice_answers",
                title="Answers that the net promoter score stands on",
                unit="responses",
                zero=True,
            ),
        ],
    )


def _themes(facts: Facts) -> Section:
    return Section(
        "themes",
        "Themes",
        "What comments and tickets are about; one may be about several things.",
        [
            ranking(
                facts.cube(["theme_mentions"], [THEME]),
                {"theme_mentions": "mentions"},
                key="voice_themes",
                title="Mentions of each theme in the period",
                unit="mentions",
                by="theme",
            ),
            heat_map(
                facts.cube(["theme_mentions"], [THEME], period="quarter"),
                {"theme_mentions": "mentions"},
                key="voice_themes_by_quarter",
                title="Mentions of each theme by quarter",
                unit="mentions",
                x=quarter(),
                y=each("Y", "theme"),
                numbers_from=200,
            ),
        ],
    )
