{{ classify_raw_rows('ops', 'incidents', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'resolved_at must not be before started_at',
        'broken_when': 'resolved_at < started_at',
    },
]) }}
