{{ classify_raw_rows('usage', 'features') }}
