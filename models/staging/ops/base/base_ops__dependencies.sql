{{ classify_raw_rows('ops', 'dependencies') }}
