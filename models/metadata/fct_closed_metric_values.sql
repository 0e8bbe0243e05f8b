{{ rows_written_by_scripts() }}
