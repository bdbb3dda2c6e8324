//! Wide events: spans, logs and errors, in memory, in the log, and in Parquet files.
