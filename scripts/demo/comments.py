"""What customers write: comments in surveys and subjects of tickets, with what each is about.

The themes are what a person would say who reads the text. Some texts use a theme's word for
something else, some talk of a theme without any of its words, and some are in other languages,
as in life: rules that look for words can't be right about all of them.
"""

from __future__ import annotations

import numpy as np

LANGUAGES = {"DE": "de", "FR": "fr", "ES": "es"}

# Per language and mood (good, mixed, bad): text → its themes.
COMMENTS: dict[str, list[dict[str, list[str]]]] = {
    "en": [
        {
            "Great support": ["support"],
            "Easy to use dashboards": ["usability", "reporting"],
            "The team loves it": [],
            "Very reliable": ["reliability"],
            "Support answered within an hour, impressive": ["support"],
            "Intuitive interface, hardly any training needed": ["usability"],
            "Good value for the price": ["pricing"],
            "Reports that my board understands": ["reporting"],
            "Loads in a second since the last release": ["performance"],
            "Our CSM is a star": ["support"],
            "The Salesforce integration saves us hours": ["integrations"],
            "Does what it promises": [],
            "Everybody finds their way around without help": ["usability"],
            "We were up and running in a week": ["onboarding"],
            "Never let us down so far": ["reliability"],
        },
        {
            "Does the job": [],
            "Good, but the export is slow": ["reporting", "performance"],
            "Onboarding took a while": ["onboarding"],
            "Fine so far": [],
            "Nice charts, but too many clicks": ["reporting", "usability"],
            "Works, once you know where things are": ["usability"],
            "The price of success: everybody wants a login": ["access"],
            "Would like a connector for our data warehouse": ["integrations"],
            "Permissions are hard to get right": ["access"],
            "Support is friendly, but can't fix the errors": ["support", "reliability"],
            "Numbers do not always match finance": ["reporting"],
            "My reporting line changed, too early to tell": [],
            "Single sign-on would help": ["access"],
            "No opinion yet": [],
            "Training for new colleagues would be good": ["onboarding"],
        },
        {
            "Too expensive for what we use": ["pricing"],
            "Support takes too long": ["support"],
            "Reports are slow": ["reporting", "performance"],
            "Too many bugs lately": ["reliability"],
            "Missing integrations": ["integrations"],
            "Takes forever to open in the morning": ["performance"],
            "The price went up again without notice": ["pricing"],
            "Nobody answers our tickets": ["support"],
            "Confusing since the redesign": ["usability"],
            "Exports fail every other week": ["reporting", "reliability"],
            "We pay for seats nobody needs": ["pricing"],
            "The API is poorly documented": ["integrations"],
            "Setup dragged on for months": ["onboarding"],
            "Slow to get approval on our side, not your fault": [],
            "It could not support our way of working": [],
        },
    ],
    "de": [
        {
            "Sehr zufrieden": [],
            "Einfach zu bedienen": ["usability"],
            "Der Support hilft sofort": ["support"],
            "Läuft stabil": ["reliability"],
            "Faire Preise": ["pricing"],
        },
        {
            "Tut, was es soll": [],
            "Die Schulung fehlte": ["onboarding"],
            "Schnittstellen fehlen": ["integrations"],
            "Ganz gut, aber teuer": ["pricing"],
            "Zu viele Klicks": ["usability"],
        },
        {
            "Viel zu teuer": ["pricing"],
            "Die Berichte laden zu langsam": ["reporting", "performance"],
            "Wir warten ewig auf Antwort": ["support"],
            "Ständig Fehler": ["reliability"],
            "Einfach nur enttäuscht": [],
        },
    ],
    "fr": [
        {"Très satisfait": [], "Le support est réactif": ["support"], "Simple": ["usability"]},
        {"Correct": [], "Les exports manquent d'options": ["reporting"], "Pas encore d'avis": []},
        {"Trop cher": ["pricing"], "Lent le matin": ["performance"], "En panne": ["reliability"]},
    ],
    "es": [
        {"Muy contentos": [], "Fácil de usar": ["usability"]},
        {"Funciona": [], "Falta formación": ["onboarding"]},
        {"Demasiado caro": ["pricing"], "El soporte tarda mucho": ["support"]},
    ],
}

TICKET_SUBJECTS: dict[str, list[str]] = {
    "Cannot export a report": ["reporting"],
    "Dashboard loads slowly": ["reporting", "performance"],
    "Data import failed": ["integrations", "reliability"],
    "Question about the invoice": ["pricing"],
    "How do I share a dashboard": ["reporting"],
    "Alert was not sent": ["reliability"],
    "Login does not work": ["access", "reliability"],
    "Numbers differ from last week": ["reporting"],
    "Please add a user": ["access"],
    "API returns an error": ["integrations", "reliability"],
    "Forgot my password": ["access"],
    "Page hangs when filtering": ["performance"],
    "Re: Re: your last message": [],
    "Salesforce fields not synced": ["integrations"],
    "Training session for new managers": ["onboarding"],
    "Chart shows wrong totals": ["reporting", "reliability"],
    "Request for a quote": ["pricing"],
    "Where do we set the error budget": [],
    "Mobile app crashes on start": ["reliability"],
    "Urgent!!": [],
}


def comment(country: str, mood: int, pick: int) -> str:
    """The comment of somebody in the country; mood 0 good, 1 mixed, 2 bad."""
    texts = list(COMMENTS[LANGUAGES.get(country, "en")][mood])
    return texts[pick % len(texts)]


def themes() -> list[tuple[str, str]]:
    """(text, theme) of every text there is; an empty theme for a text about none."""
    texts = {}
    for moods in COMMENTS.values():
        for of_mood in moods:
            texts |= of_mood
    texts |= TICKET_SUBJECTS
    return [(text, theme) for text, about in texts.items() for theme in about or [""]]


def subjects(rng: np.random.Generator, n: int) -> np.ndarray:
    """The subjects of ``n`` tickets."""
    texts = np.array(list(TICKET_SUBJECTS), dtype=object)
    return texts[rng.integers(0, len(texts), n)]
