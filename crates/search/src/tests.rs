//! Questions over stores of given rows.

mod logs;
mod model;
mod order;
mod spans;
mod traces;
