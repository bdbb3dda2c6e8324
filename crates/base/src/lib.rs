//! The only door to the operating system: clock, disk, open files, memory budget, threads, units, shutdown.
//!
//! Everything above asks here, so that tests can put something else behind the door (a clock that stands still, a
//! disk that fails) and so that a limit has one place to be kept.

pub mod budget;
pub mod clock;
pub mod disk;
pub mod files;
pub mod random;
pub mod shutdown;
pub mod units;
pub mod workers;

pub use budget::{Budget, Reservation};
pub use clock::Clock;
pub use shutdown::{Shutdown, Stopper};
