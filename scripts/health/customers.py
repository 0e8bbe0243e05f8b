"""The health report's sections on customers today: bands, coverage, overrides, odd inputs."""

from scripts.health import charts
from scripts.health.facts import Health, Section, Table
from scripts.health.words import percent, whole


def bands(health: Health) -> Section:
    months = health.months
    bands = ["red", "yellow", "green", "unscored"]
    sentences = ["There is no scored month end yet."]
    if len(months):
        last = months.iloc[-1]
        sentences = [
            f"At the end of {last['month_end']:%B %Y}, of {last['accounts']} customers "
            + ", ".join(f"{last[band]} were {band}" for band in bands)
            + ", after overrides."
        ]
    return Section(
        "bands",
        "How many are red, yellow, green",
        sentences,
        charts.bands(months) if len(months) else None,
        [
            Table(
                "Customers by final band",
                ["month end", *bands],
                [
                    [f"{row.month_end:%Y-%m-%d}", *(str(getattr(row, b)) for b in bands)]
                    for row in months.itertuples()
                ],
            )
        ],
    )


def coverage(health: Health) -> Section:
    months = health.months[health.months["managed"] > 0]
    months = months.assign(coverage=months["covered"] / months["managed"])
    sentences = ["No customer has a CSM, so there is nobody to cover."]
    if len(months):
        sentences = [
            f"{percent(months.iloc[-1]['coverage'])} of the customers with a CSM had a score and "
            f"every required input at the end of {months.iloc[-1]['month_end']:%B %Y}; "
            "the target is 90 %."
        ]
    return Section(
        "coverage",
        "How many have a score",
        sentences,
        charts.coverage(months) if len(months) else None,
        [
            Table(
                "Customers with a CSM",
                ["month end", "with a CSM", "covered", "coverage"],
                [
                    [
                        f"{row.month_end:%Y-%m-%d}",
                        str(row.managed),
                        str(row.covered),
                        percent(row.coverage),
                    ]
                    for row in months.itertuples()
                ],
            )
        ],
    )


def overrides(health: Health) -> Section:
    rows = health.overrides[health.overrides["was_right"].notna()]
    sentences = ["No override has been decided yet."]
    if len(rows):
        right = int(rows["was_right"].sum())
        sentences = [
            f"Of {len(rows)} overrides that moved a band and whose window of 90 days is over, "
            f"{right} were right: a lowered account lost something, a raised one did not."
        ]
    return Section(
        "overrides",
        "When a CSM knew better",
        sentences,
        None,
        [
            Table(
                "Overrides decided",
                ["direction", "overrides", "right"],
                [
                    [str(direction), str(len(of_direction)), str(int(of_direction.was_right.sum()))]
                    for direction, of_direction in rows.groupby("direction")
                ],
            )
        ]
        if len(rows)
        else [],
    )


def warnings(health: Health) -> Section:
    rows = health.warnings
    return Section(
        "warnings",
        "What is odd about the inputs",
        ["Nothing: every measure that a version asks for is there and varies."]
        if rows.empty
        else [],
        None,
        [
            Table(
                "Warnings",
                ["about", "what", "accounts"],
                [
                    [str(r.subject), str(r.message), whole(r.affected_accounts)]
                    for r in rows.itertuples()
                ],
            )
        ]
        if len(rows)
        else [],
    )
