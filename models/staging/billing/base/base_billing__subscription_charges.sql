{{ classify_raw_rows('billing', 'subscription_charges', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'effective_to must not be before effective_from',
        'broken_when': 'effective_to < effective_from',
    },
    {
        'reason': 'negative_amount',
        'rule': 'quantity must not be negative',
        'broken_when': 'quantity < 0',
    },
    {
        'reason': 'negative_amount',
        'rule': 'unit_price must not be negative',
        'broken_when': 'unit_price < 0',
    },
    {
        'reason': 'out_of_range',
        'rule': 'discount_pct must be between 0 and 100',
        'broken_when': 'discount_pct not between 0 and 100',
    },
]) }}
