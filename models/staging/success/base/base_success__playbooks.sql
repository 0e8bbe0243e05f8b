{{ classify_raw_rows('success', 'playbooks', rules=[
    {
        'reason': 'out_of_range',
        'rule': 'sla_days must be above 0',
        'broken_when': 'sla_days <= 0',
    },
]) }}
