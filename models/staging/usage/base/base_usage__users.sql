{{ classify_raw_rows('usage', 'users') }}
