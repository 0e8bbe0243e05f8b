{{ classify_raw_rows('tickets', 'tickets', rules=[
    {
        'reason': 'out_of_range',
        'rule': 'csat_score must be between 1 and 5',
        'broken_when': 'csat_score not between 1 and 5',
    },
    {
        'reason': 'ends_before_start',
        'rule': 'first_replied_at must not be before created_at',
        'broken_when': 'first_replied_at < created_at',
    },
    {
        'reason': 'ends_before_start',
        'rule': 'solved_at must not be before created_at',
        'broken_when': 'solved_at < created_at',
    },
]) }}
