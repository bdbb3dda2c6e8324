//! Tests of the columns.
