{{ classify_raw_rows('usage', 'activity', rules=[
    {
        'reason': 'negative_amount',
        'rule': 'event_count must not be negative',
        'broken_when': 'event_count < 0',
    },
]) }}
