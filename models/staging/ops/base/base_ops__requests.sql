{{ classify_raw_rows('ops', 'requests', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'delivered_at must not be before created_at',
        'broken_when': 'delivered_at < created_at',
    },
]) }}
