{{ classify_raw_rows('billing', 'plans') }}
