//! Questions over stores of given rows.

mod logs;
mod model;
mod spans;
mod traces;
