{{ classify_raw_rows('success', 'health_overrides', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'valid_to must not be before valid_from',
        'broken_when': 'valid_to < valid_from',
    },
]) }}
