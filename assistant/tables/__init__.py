"""Tables of a library: typed columns in Parquet files, and questions that are computed over them in SQL."""
