//! Blocks through their public face: what is written comes back, what is damaged is named, merges and selections
//! agree with models.

mod damage;
mod deletion;
mod merging;
mod round_trip;
mod selection;
mod support;
mod thinning;
