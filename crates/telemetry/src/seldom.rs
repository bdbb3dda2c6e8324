//! Says the same thing once a minute, and then how often it happened: a receiver that is down for a night must not
//! fill the log.

use base::Clock;
use parking_lot::Mutex;
use std::time::Duration;

/// Long enough to read, short enough to see that it goes on.
const EVERY: Duration = Duration::from_secs(60);

/// One kind of message.
#[derive(Default)]
pub struct Seldom(Mutex<State>);

#[derive(Default)]
struct State {
    said: Option<Duration>,
    held_back: u64,
}

impl Seldom {
    /// How often it was held back since it was last said, when it is time to say it; else `None`, and counted.
    pub fn due(&self, clock: &Clock) -> Option<u64> {
        let now = clock.monotonic();
        let mut state = self.0.lock();
        if state.said.is_some_and(|said| now.saturating_sub(said) < EVERY) {
            state.held_back += 1;
            return None;
        }
        state.said = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute_with_the_count() {
        let clock = Clock::manual(0);
        let seldom = Seldom::default();
        assert_eq!(seldom.due(&clock), Some(0));
        assert_eq!((seldom.due(&clock), seldom.due(&clock)), (None, None));
        clock.advance(EVERY);
        assert_eq!(seldom.due(&clock), Some(2));
        clock.advance(EVERY);
        assert_eq!(seldom.due(&clock), Some(0));
    }
}
