//! What each part of a query cost.

use super::pipe::Seen;
use super::plan::{Kind, Node};
use crate::engine::ExplainNode;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
struct Cost {
    series_in: u64,
    series_out: u64,
    samples_read: u64,
    time: Duration,
    once: bool,
    evaluated: bool,
    /// Of a selector: time spent in the source, for when it is not evaluated by itself.
    aside: Duration,
    /// The same: time spent in computing what it gave.
    computing: Duration,
}

/// The costs of all nodes, by id.
#[derive(Debug)]
pub(crate) struct Costs(Vec<Cost>);

impl Costs {
    pub fn new(nodes: usize) -> Costs {
        Costs(vec![Cost::default(); nodes])
    }

    pub fn evaluated(&mut self, id: usize, series_out: u64, time: Duration, once: bool) {
        let cost = &mut self.0[id];
        cost.series_out += series_out;
        cost.time += time;
        cost.once = once;
        cost.evaluated = true;
    }

    /// Of a node computed together with the one above it: what it gave.
    pub fn fused(&mut self, id: usize, series_out: u64) {
        self.0[id].series_out = self.0[id].series_out.max(series_out);
    }

    /// Time that a node took which is not evaluated by itself.
    pub fn took(&mut self, id: usize, time: Duration) {
        self.0[id].aside += time;
    }

    /// What a selector got from the source.
    pub fn read(&mut self, id: usize, seen: &Seen) {
        let cost = &mut self.0[id];
        cost.series_in += seen.series;
        cost.series_out = cost.series_out.max(seen.series);
        cost.samples_read += seen.read;
        cost.aside += seen.reading;
        cost.computing += seen.computing;
    }

    /// The time of a node, its children included. What is computed together with the node above, series by series,
    /// has a share of that one's.
    fn time(&self, node: &Node) -> Duration {
        let cost = &self.0[node.id];
        match &node.kind {
            _ if cost.evaluated => cost.time,
            Kind::Range(_) => cost.aside,
            Kind::Select(_) => cost.aside + cost.computing,
            Kind::Call(call) => {
                let range = call.range_fn.and_then(|(_, at)| call.args.get(at));
                let computing = range.map_or(Duration::ZERO, |r| self.0[r.id].computing);
                node.children().into_iter().map(|n| self.time(n)).sum::<Duration>() + computing
            }
            _ => Duration::ZERO,
        }
    }

    pub fn tree(&self, node: &Node, text: &str) -> ExplainNode {
        let cost = &self.0[node.id];
        let children: Vec<ExplainNode> = node.children().into_iter().map(|n| self.tree(n, text)).collect();
        let selector = matches!(node.kind, Kind::Select(_) | Kind::Range(_));
        let series_in = if selector { cost.series_in } else { children.iter().map(|c| c.series_out).sum() };
        let start = node.pos.start.min(text.len());
        let end = node.pos.end.clamp(start, text.len());
        ExplainNode {
            kind: node.title(),
            pos: node.pos,
            text: text.get(start..end).unwrap_or_default().to_owned(),
            series_in,
            series_out: cost.series_out,
            samples_read: cost.samples_read,
            time: self.time(node),
            once: cost.once,
            fused: !cost.evaluated && !matches!(node.kind, Kind::Text(_)),
            children,
        }
    }
}
