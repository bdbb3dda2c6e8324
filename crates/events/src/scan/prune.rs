//! Which runs of a file may hold rows that matter: by the page index, then the trace index, then the token filters.
//!
//! An index that turns out damaged is reported, and its runs are read.

use super::footer::Footer;
use super::groups::{Ranges, intersect};
use super::request::Prune;
use super::snapshot::Context;
use crate::segment::{Located, Place, RUN_ROWS, TokenDirectory, Words, token_hash};
use bytes::Bytes;
use std::ops::Range;

/// Filters that lie together are read together, up to so many bytes: some 70 of 15 kB.
const READ_BYTES_MAX: u64 = 1 << 20;

/// The rows of `ranges` that may matter.
pub(super) fn prune(context: &Context, path: &str, footer: &Footer, prune: &Prune, ranges: Ranges) -> Ranges {
    let rows = footer.metadata.file_metadata().num_rows().max(0) as usize;
    let mut keep = vec![false; rows.div_ceil(RUN_ROWS)];
    for range in &ranges {
        let last = range.end.saturating_sub(1) / RUN_ROWS;
        for run in range.start / RUN_ROWS..=last.min(keep.len().saturating_sub(1)) {
            keep[run] = true;
        }
    }
    for (run, keep) in keep.iter_mut().enumerate() {
        *keep = *keep && footer.run_may_matter(run, prune);
    }
    if prune.trace_ids.is_some() {
        by_traces(context, path, footer, prune, &mut keep);
    }
    if !prune.tokens.is_empty() {
        by_tokens(context, path, footer, prune, &mut keep);
    }
    intersect(&ranges, &runs_to_rows(&keep))
}

fn runs_to_rows(keep: &[bool]) -> Ranges {
    let mut rows: Ranges = Vec::new();
    for run in keep.iter().enumerate().filter_map(|(run, keep)| keep.then_some(run)) {
        let (start, end) = (run * RUN_ROWS, (run + 1) * RUN_ROWS);
        match rows.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => rows.push(start..end),
        }
    }
    rows
}

fn by_traces(context: &Context, path: &str, footer: &Footer, prune: &Prune, keep: &mut [bool]) {
    let (Some(wanted), Some((place, directory))) = (&prune.trace_ids, &footer.traces) else { return };
    if !keep.contains(&true) {
        return;
    }
    let mut hit = vec![false; keep.len()];
    for id in wanted {
        let Some(block) = directory.block(*id) else { continue };
        let runs = read_piece(footer, place, &block)
            .and_then(|b| directory.runs(*id, &b).map_err(|e| e.to_string()));
        match runs {
            Ok(runs) => runs.iter().for_each(|run| {
                if let Some(hit) = hit.get_mut(*run as usize) {
                    *hit = true;
                }
            }),
            Err(what) => return context.warn(path, &format!("trace index: {what}")),
        }
    }
    keep.iter_mut().zip(hit).for_each(|(keep, hit)| *keep &= hit);
}

fn read_piece(footer: &Footer, place: &Place, piece: &Located) -> Result<Bytes, String> {
    let bytes = footer.object.read(piece.range(place)).map_err(|e| e.to_string())?;
    if piece.is_intact(&bytes) { Ok(bytes) } else { Err("a checksum is wrong".to_owned()) }
}

fn by_tokens(context: &Context, path: &str, footer: &Footer, prune: &Prune, keep: &mut [bool]) {
    let Some((place, directory)) = &footer.tokens else { return };
    let wanted: Vec<Vec<u64>> =
        prune.tokens.iter().map(|any| any.iter().map(|word| token_hash(word)).collect()).collect();
    let mut asked: Vec<(usize, Located)> = Vec::new();
    for (run, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
        match directory.words(run) {
            Words::None => *keep = false,
            Words::Perhaps => {}
            Words::Filter(located) => asked.push((run, located)),
        }
    }
    let mut rest = asked.as_slice();
    while !rest.is_empty() {
        let (near, behind) = rest.split_at(together(rest));
        rest = behind;
        if let Err(what) = ask_filters(footer, place, directory, near, &wanted, keep) {
            context.warn(path, &format!("token filters: {what}"));
        }
    }
}

/// How many of the first pieces are read at once: those that follow each other.
fn together(pieces: &[(usize, Located)]) -> usize {
    let start = pieces[0].1.start;
    let follows = |pair: &[(usize, Located)]| {
        let (before, next) = (pair[0].1, pair[1].1);
        before.start + before.bytes as u64 == next.start
            && next.start + next.bytes as u64 - start <= READ_BYTES_MAX
    };
    1 + pieces.windows(2).take_while(|pair| follows(pair)).count()
}

fn ask_filters(
    footer: &Footer,
    place: &Place,
    directory: &TokenDirectory,
    pieces: &[(usize, Located)],
    wanted: &[Vec<u64>],
    keep: &mut [bool],
) -> Result<(), String> {
    let (Some((_, first)), Some((_, last))) = (pieces.first(), pieces.last()) else { return Ok(()) };
    let range: Range<u64> = first.range(place).start..last.range(place).end;
    let bytes = footer.object.read(range).map_err(|e| e.to_string())?;
    let mut damaged = 0;
    for (run, piece) in pieces {
        let at = (piece.start - first.start) as usize;
        let filter = &bytes[at..at + piece.bytes as usize];
        if piece.is_intact(filter) {
            keep[*run] = directory.perhaps(*run, filter, wanted);
        } else {
            damaged += 1;
        }
    }
    if damaged > 0 { Err(format!("{damaged} checksums are wrong")) } else { Ok(()) }
}
