{{ classify_raw_rows('success', 'cta_pushes') }}
