//! Shorter lives for some series: the rules as they apply to a stream, and which blocks they are due for.

use crate::block::{BlockError, BlockId, SeriesColumns, SeriesStream, ThinRule};
use crate::columns::Columns;
use crate::error::AdminError;
use crate::options::KeepRule;
use crate::store::Store;
use base::disk;
use model::{Labels, Samples};
use std::collections::BTreeSet;
use std::fmt::Write;
use xxhash_rust::xxh3::xxh3_64;

/// The file beside the blocks that remembers which rules were applied to which of them.
const MARKS: &str = "applied-rules";

/// A stream without the samples that are too old by the first rule that matches their series.
pub(crate) struct KeepStream<S> {
    inner: S,
    rules: Vec<KeepRule>,
    newest: i64,
    labels: Labels,
    columns: Columns,
}

impl<S: SeriesStream> KeepStream<S> {
    pub fn new(inner: S, rules: &[KeepRule], newest: i64) -> KeepStream<S> {
        KeepStream {
            inner,
            rules: rules.to_vec(),
            newest,
            labels: Labels::empty(),
            columns: Columns::default(),
        }
    }
}

impl<S: SeriesStream> SeriesStream for KeepStream<S> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        if self.rules.is_empty() {
            return self.inner.next();
        }
        loop {
            let Some(series) = self.inner.next()? else { return Ok(None) };
            let oldest = first_match(&self.rules, series.labels)
                .map_or(i64::MIN, |r| self.newest.saturating_sub(r.keep_ms));
            let kept = since(series.samples, oldest);
            if kept.timestamps.is_empty() && kept.histograms.is_empty() {
                continue;
            }
            self.labels = series.labels.clone();
            self.columns.clear();
            self.columns.merge(kept);
            return Ok(Some(SeriesColumns { labels: &self.labels, samples: self.columns.samples() }));
        }
    }
}

fn first_match<'r>(rules: &'r [KeepRule], labels: &Labels) -> Option<&'r KeepRule> {
    rules.iter().find(|r| r.matchers.iter().all(|m| m.matches(labels.value(m.name()))))
}

/// The samples from a time on.
fn since(samples: Samples<'_>, oldest: i64) -> Samples<'_> {
    let from = samples.timestamps.partition_point(|t| *t < oldest);
    let starts = samples.start_timestamps;
    Samples {
        timestamps: &samples.timestamps[from..],
        values: &samples.values[from..],
        start_timestamps: if starts.is_empty() { starts } else { &starts[from..] },
        histograms: &samples.histograms[samples.histograms.partition_point(|h| h.timestamp < oldest)..],
    }
}

/// The rules as [`crate::block::thin`] wants them: those that do not thin are there too, so that the first match counts.
pub(crate) fn thin_rules(rules: &[KeepRule], newest: i64) -> Vec<ThinRule> {
    if rules.iter().all(|r| r.downsample.is_none()) {
        return Vec::new();
    }
    let rule = |r: &KeepRule| ThinRule {
        matchers: r.matchers.clone(),
        before_ms: r.downsample.map_or(i64::MIN, |d| newest.saturating_sub(d.after_ms)),
        step_ms: r.downsample.map_or(0, |d| d.step_ms),
    };
    rules.iter().map(rule).collect()
}

impl Store {
    /// Rewrites the blocks for which a rule is due as a whole. What is due in a part of a block waits for a merge.
    pub(crate) fn apply_rules(&self) -> Result<(), AdminError> {
        let Some(newest) = self.present_ms().filter(|_| !self.options.keep.is_empty()) else { return Ok(()) };
        let _compacting = self.compacting.lock();
        let path = self.blocks_dir().join(MARKS);
        let text = disk::read_to_string(&path).unwrap_or_default();
        let before: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        let mut marks = BTreeSet::new();
        for block in self.view().blocks.iter() {
            let meta = block.meta();
            let (mut due, mut touched) = (Vec::new(), false);
            for rule in &self.options.keep {
                for (what, after_ms) in deeds(rule) {
                    if meta.max_ms >= newest.saturating_sub(after_ms) {
                        continue;
                    }
                    let known = before.contains(&mark(meta.id, rule, what));
                    touched |= !known && !block.select(&rule.matchers)?.is_empty();
                    due.push((rule, what));
                }
            }
            let id = if touched { self.rewrite(meta.id)? } else { Some(meta.id) };
            marks.extend(id.into_iter().flat_map(|id| due.iter().map(move |(r, what)| mark(id, r, what))));
        }
        if marks == before {
            return Ok(());
        }
        let mut text = String::new();
        marks.iter().for_each(|m| {
            let _ = writeln!(text, "{m}");
        });
        disk::write_atomic(&path, text.as_bytes()).map_err(AdminError::io)
    }

    /// Replaces a block by one without what is deleted or too old. The caller holds `compacting`. Returns the new name; `None`
    /// when nothing is left.
    pub(crate) fn rewrite(&self, id: BlockId) -> Result<Option<BlockId>, AdminError> {
        let before: BTreeSet<BlockId> = self.view().blocks.iter().map(|b| b.meta().id).collect();
        self.merge_blocks(&[id])?;
        let view = self.view();
        let is_it = |b: &&crate::block::Block| b.meta().sources == [id] && !before.contains(&b.meta().id);
        Ok(view.blocks.iter().find(is_it).map(|b| b.meta().id))
    }
}

/// What a rule does to samples, and from which age on.
fn deeds(rule: &KeepRule) -> impl Iterator<Item = (&'static str, i64)> {
    let downsample = rule.downsample.map(|d| ("downsample", d.after_ms));
    std::iter::once(("drop", rule.keep_ms)).chain(downsample)
}

fn mark(id: BlockId, rule: &KeepRule, what: &str) -> String {
    let text: String = rule.matchers.iter().map(|m| format!("{m},")).collect();
    let step = rule.downsample.map_or(0, |d| d.step_ms);
    format!("{id} {what} {:016x}", xxh3_64(format!("{text}{step}").as_bytes()))
}
