{{ classify_raw_rows('ops', 'dashboard_views') }}
