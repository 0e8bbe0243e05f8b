{{ classify_raw_rows('billing', 'subscriptions', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'term_end must not be before term_start',
        'broken_when': 'term_end < term_start',
    },
]) }}
