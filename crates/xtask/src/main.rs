//! The program `pharos`.
fn main() {}
