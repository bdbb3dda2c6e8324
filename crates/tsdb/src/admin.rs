//! Deletions and snapshots.

use crate::batch::{put_definitions, put_deletion};
use crate::block::{Block, Interval};
use crate::commit::Cursor;
use crate::error::AdminError;
use crate::flush::{admin_error, floor};
use crate::head::page::locate;
use crate::store::Store;
use base::disk;
use base::random::Random;
use model::{Labels, Matcher};
use roaring::RoaringBitmap;
use wal::Lsn;

/// Labels in one record of a deletion: what a replay has to take apart at once.
const DELETION_LABELS_BYTES: usize = 64 << 20;

impl Store {
    /// See [`crate::Db::delete_series`].
    pub(crate) fn delete_series(
        &self,
        sets: &[Vec<Matcher>],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<(), AdminError> {
        let _compacting = self.compacting.lock();
        let mut flushing = self.flushing.lock();
        if self.view().frozen.is_some() {
            // What a failed flush left cannot be changed where it is.
            self.flush_locked(&mut flushing)?;
        }
        let logged = self.delete_in_head(sets, min_ms, max_ms)?;
        for block in self.view().blocks.iter() {
            if block.meta().min_ms <= max_ms && block.meta().max_ms >= min_ms {
                for set in sets {
                    block.delete(set, Interval { min_ms, max_ms })?;
                }
            }
        }
        logged.into_iter().try_for_each(|lsn| self.log.sync(lsn)).map_err(admin_error)
    }

    /// Returns where its records end. A record stands alone, so there are several when the labels are long.
    fn delete_in_head(
        &self,
        sets: &[Vec<Matcher>],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Vec<Lsn>, AdminError> {
        let _nobody_commits = self.gate.write();
        let pages = self.head.pages();
        let index = self.head.index();
        let mut found = RoaringBitmap::new();
        sets.iter().for_each(|set| found |= index.select(set));
        let touched = |slot: &u32| {
            let (page, at) = locate(*slot);
            pages[page].data.lock().holds(at) || pages[page].last_ms(at) >= min_ms
        };
        let slots: Vec<u32> = found.iter().filter(touched).collect();
        drop(index);
        let mut logged = Vec::new();
        let mut rest = slots.as_slice();
        while !rest.is_empty() {
            let index = self.head.index();
            let (mut definitions, mut bytes) = (Vec::new(), 0);
            for slot in rest {
                let labels = index.labels(*slot);
                bytes += labels.as_bytes().len();
                definitions.push((*slot, labels));
                if bytes >= DELETION_LABELS_BYTES {
                    break;
                }
            }
            drop(index);
            let (these, later) = rest.split_at(definitions.len());
            logged.push(self.log_deletion(&definitions, these, min_ms, max_ms)?);
            let _nobody_looks = self.applying.write();
            let mut cursor = Cursor::new(&self.head, &pages);
            for slot in these {
                cursor.delete(*slot, min_ms, max_ms);
            }
            rest = later;
        }
        Ok(logged)
    }

    fn log_deletion(
        &self,
        definitions: &[(u32, Labels)],
        slots: &[u32],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Lsn, AdminError> {
        let mut record = self.spare_record();
        put_definitions(record.body_mut(), definitions);
        put_deletion(record.body_mut(), slots, min_ms, max_ms);
        // It defines all it speaks of: it may lie in any segment.
        let result = self.log.append(&mut record);
        self.keep_record(record);
        result.map_err(admin_error)
    }

    /// See [`crate::Db::clean_tombstones`].
    pub(crate) fn clean_tombstones(&self) -> Result<(), AdminError> {
        let _compacting = self.compacting.lock();
        for block in self.view().blocks.iter().filter(|b| b.has_tombstones()) {
            self.rewrite(block.meta().id)?;
            self.counters.tombstone_cleanups.add(1);
        }
        Ok(())
    }

    /// See [`crate::Db::snapshot`].
    pub(crate) fn snapshot(&self, skip_head: bool) -> Result<String, AdminError> {
        let _compacting = self.compacting.lock();
        let mut flushing = self.flushing.lock();
        if !skip_head {
            if self.view().frozen.is_some() {
                // What a failed flush left is not all there is: the head has been written to since.
                self.flush_locked(&mut flushing)?;
            }
            self.flush_locked(&mut flushing)?;
        }
        let blocks = self.view().blocks.to_vec();
        drop(flushing);
        let name = snapshot_name(self.options.clock.now_ms(), Random::from_entropy().next_u64());
        let all = self.options.snapshots.clone().unwrap_or_else(|| self.options.dir.join("snapshots"));
        let dir = all.join(&name).join("blocks");
        disk::create_dir_all(&dir).map_err(AdminError::io)?;
        let result = self.fill_snapshot(blocks, &dir);
        if result.is_err() {
            let _ = disk::remove_dir_all(&all.join(&name));
        }
        result.map(|()| name)
    }

    /// Links the blocks; pieces of one window become one block there.
    fn fill_snapshot(&self, mut blocks: Vec<Block>, dir: &std::path::Path) -> Result<(), AdminError> {
        let range = self.options.block_range_ms;
        let window = |b: &Block| (floor(b.meta().min_ms, range), floor(b.meta().max_ms, range));
        blocks.sort_by_key(|b| (window(b), b.meta().id));
        for pieces in blocks.chunk_by(|a, b| window(a) == window(b)) {
            match pieces {
                [block] => block.link_into(dir)?,
                pieces => {
                    self.write_merged(pieces, dir)?;
                }
            }
        }
        disk::sync_dir(dir).map_err(AdminError::io)
    }
}

/// `20240131T235959Z-` and sixteen hexadecimal digits, as Prometheus names its snapshots.
fn snapshot_name(unix_ms: i64, random: u64) -> String {
    let (days, seconds) = (unix_ms.div_euclid(86_400_000), unix_ms.rem_euclid(86_400_000) / 1000);
    let (year, month, day) = civil(days);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{h:02}{m:02}{s:02}Z-{random:016x}")
}

/// Year, month and day of a day since 1970, in the Gregorian calendar: counted in years that begin in March, so that
/// the leap day comes last, and in eras of 400 years, which are all 146,097 days long.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_named_by_time() {
        let check = |ms, want: &str| assert_eq!(snapshot_name(ms, 255), format!("{want}-00000000000000ff"));
        check(0, "19700101T000000Z");
        check(1_709_251_199_000, "20240229T235959Z");
        check(1_709_251_200_000, "20240301T000000Z");
        check(4_102_444_799_999, "20991231T235959Z");
    }
}
