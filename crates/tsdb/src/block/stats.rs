//! The top lists of a block's labels.

use crate::block::format::OpenFile;
use crate::block::index::Index;
use crate::block::{BlockError, LabelStats};
use model::METRIC_NAME;
use std::ops::ControlFlow;

pub(crate) fn label_stats(file: &OpenFile, index: &Index, limit: usize) -> Result<LabelStats, BlockError> {
    let names = index.names(file)?;
    let mut stats = LabelStats { series: file.footer.meta.series, ..LabelStats::default() };
    for name in names {
        stats.label_pairs += u64::from(name.values);
        stats.values_by_label.push((name.name.clone(), name.values.into()));
        stats.bytes_by_label.push((name.name.clone(), name.value_bytes));
        let lengths = index.posting_lengths(file, name)?;
        let mut top: Vec<(u32, u64)> = (0u32..).zip(lengths).collect();
        top.sort_by_key(|(number, n)| (std::cmp::Reverse(*n), *number));
        top.truncate(limit);
        for (number, n) in top {
            index.values(file, name, number..number.saturating_add(1), &mut |_, value| {
                stats.series_by_pair.push((format!("{}={value}", name.name), n));
                if name.name == METRIC_NAME {
                    stats.series_by_metric.push((value.to_owned(), n));
                }
                ControlFlow::Continue(())
            })?;
        }
    }
    for list in [&mut stats.values_by_label, &mut stats.bytes_by_label, &mut stats.series_by_pair] {
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list.truncate(limit);
    }
    Ok(stats)
}
