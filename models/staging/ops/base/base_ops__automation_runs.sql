{{ classify_raw_rows('ops', 'automation_runs', rules=[
    {
        'reason': 'negative_amount',
        'rule': 'runs must not be negative',
        'broken_when': 'runs < 0',
    },
    {
        'reason': 'negative_amount',
        'rule': 'minutes_saved_per_run must not be negative',
        'broken_when': 'minutes_saved_per_run < 0',
    },
]) }}
