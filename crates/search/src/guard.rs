//! What a question in progress is held against: time, cancellation, rows looked at, bytes held.
//!
//! Threads of one question share a guard. A failure met by one thread cancels the reading of the others; the first
//! reason is the one that is answered.

use crate::answer::{SearchError, Stats};
use crate::ask::Control;
use base::Reservation;
use events::scan::ScanError;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Memory is reserved in pieces of this size, so that threads seldom meet at the reservation.
const RESERVE_BYTES: u64 = 1 << 20;

pub(crate) struct Guard<'a> {
    pub control: &'a Control,
    started: Duration,
    rows: AtomicU64,
    parts: AtomicU64,
    /// A limit on rows was met: what is there so far is the answer.
    exhausted: AtomicBool,
    bytes: AtomicU64,
    reservation: Mutex<Reservation>,
    stopped: Mutex<Option<SearchError>>,
    warnings: Mutex<Vec<String>>,
}

impl<'a> Guard<'a> {
    pub fn new(control: &'a Control) -> Result<Guard<'a>, SearchError> {
        Ok(Guard {
            control,
            started: control.clock.monotonic(),
            rows: AtomicU64::new(0),
            parts: AtomicU64::new(0),
            exhausted: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            reservation: Mutex::new(control.budget.reserve(0).map_err(over)?),
            stopped: Mutex::new(None),
            warnings: Mutex::new(Vec::new()),
        })
    }

    /// Counts rows that are looked at; fails when nobody waits any more or time is up. False when no more rows may be
    /// looked at.
    pub fn look(&self, rows: u64) -> Result<bool, SearchError> {
        let seen = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        self.check()?;
        if seen > self.control.rows_max {
            self.exhausted.store(true, Ordering::Relaxed);
        }
        Ok(!self.is_exhausted())
    }

    pub fn check(&self) -> Result<(), SearchError> {
        if self.control.cancel.is_cancelled() {
            return Err(self.stopped.lock().clone().unwrap_or(SearchError::Cancelled));
        }
        if self.control.clock.monotonic().saturating_sub(self.started) > self.control.timeout {
            return Err(self.stop(SearchError::Timeout(self.control.timeout)));
        }
        Ok(())
    }

    pub fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// Says that not everything that could be looked at was.
    pub fn mark_partial(&self, why: impl Into<String>) {
        self.exhausted.store(true, Ordering::Relaxed);
        self.warn(why);
    }

    pub fn part(&self) {
        self.parts.fetch_add(1, Ordering::Relaxed);
    }

    pub fn warn(&self, warning: impl Into<String>) {
        let warning = warning.into();
        let mut warnings = self.warnings.lock();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Ends all threads of the question. The first reason counts.
    pub fn stop(&self, why: SearchError) -> SearchError {
        let reason = self.stopped.lock().get_or_insert(why).clone();
        self.control.cancel.cancel();
        reason
    }

    pub fn scan_error(&self, error: ScanError) -> SearchError {
        match error {
            ScanError::Cancelled => self.stopped.lock().clone().unwrap_or(SearchError::Cancelled),
            ScanError::Arrow(error) => {
                let kept = self.stopped.lock().clone();
                kept.unwrap_or_else(|| self.stop(SearchError::Internal(error.to_string())))
            }
        }
    }

    /// Bytes held.
    pub fn held(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Holds fewer bytes: what was let go before the question is answered. The memory stays the question's.
    pub fn release(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Holds more bytes, until the question is answered or they are released.
    pub fn hold(&self, bytes: u64) -> Result<(), SearchError> {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let wanted = (before + bytes).next_multiple_of(RESERVE_BYTES);
        let mut reservation = self.reservation.lock();
        match wanted.saturating_sub(reservation.bytes()) {
            0 => Ok(()),
            more => reservation.grow(more).map_err(|e| self.stop(over(e))),
        }
    }

    pub fn stats(&self, query_warnings: &[String], damage: Vec<String>) -> Stats {
        let mut warnings = query_warnings.to_vec();
        warnings.extend(self.warnings.lock().iter().cloned());
        let rows = self.rows.load(Ordering::Relaxed);
        if rows > self.control.rows_max {
            warnings.push(format!("only the first {} rows were looked at", self.control.rows_max));
        }
        let partial = self.is_exhausted() || !damage.is_empty();
        warnings.extend(damage);
        Stats {
            scanned_rows: rows,
            matched_rows: None,
            parts: self.parts.load(Ordering::Relaxed),
            took: self.control.clock.monotonic().saturating_sub(self.started),
            partial,
            warnings,
        }
    }
}

fn over(error: base::budget::OverBudget) -> SearchError {
    SearchError::OverBudget(error.to_string())
}
