{{ classify_raw_rows('ops', 'dashboards') }}
