{{ classify_raw_rows('tickets', 'sla_policies', rules=[
    {
        'reason': 'out_of_range',
        'rule': 'first_reply_minutes must be above 0',
        'broken_when': 'first_reply_minutes <= 0',
    },
    {
        'reason': 'out_of_range',
        'rule': 'resolution_minutes must be above 0',
        'broken_when': 'resolution_minutes <= 0',
    },
]) }}
