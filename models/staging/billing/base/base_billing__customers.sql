{{ classify_raw_rows('billing', 'customers') }}
