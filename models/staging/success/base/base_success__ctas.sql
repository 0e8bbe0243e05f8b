{{ classify_raw_rows('success', 'ctas', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'closed_at must not be before created_at',
        'broken_when': 'closed_at < created_at',
    },
]) }}
