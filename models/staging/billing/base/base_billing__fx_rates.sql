{{ classify_raw_rows('billing', 'fx_rates', rules=[
    {
        'reason': 'out_of_range',
        'rule': 'rate_to_usd must be above 0',
        'broken_when': 'rate_to_usd <= 0',
    },
]) }}
