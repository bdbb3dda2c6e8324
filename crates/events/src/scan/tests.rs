//! Tests of scans, against rows in a vector.

mod damage;
mod rows;

use super::*;
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use base::disk;
use model::event::TraceId;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rows::{Store, trace_id};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The columns that tests read: those of [`rows::Row`], in various forms, and one that nobody has.
fn asked(form: u8) -> Vec<ColumnRef> {
    let text = |name: &str| match form % 3 {
        0 => ColumnRef::view(name),
        1 => ColumnRef::dictionary(name),
        _ => ColumnRef::new(name, DataType::Utf8),
    };
    vec![
        ColumnRef::new("seq", DataType::Int64),
        ColumnRef::time("time"),
        text("service"),
        text("body"),
        ColumnRef::new("trace_id", DataType::FixedSizeBinary(16)),
        ColumnRef::new("n", if form.is_multiple_of(2) { DataType::Int64 } else { DataType::Utf8 }),
        text("nowhere"),
    ]
}

/// Compares each value with the row of the model; gives the rows' numbers in the model.
fn check_batch(store: &Store, batch: &arrow::array::RecordBatch) -> Vec<i64> {
    let seqs: Vec<i64> = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    let texts = |at: usize| {
        let plain = arrow::compute::cast(batch.column(at), &DataType::Utf8).unwrap();
        plain.as_string::<i32>().iter().map(|t| t.map(str::to_owned)).collect::<Vec<_>>()
    };
    let (services, bodies, numbers, nowhere) = (texts(2), texts(3), texts(5), texts(6));
    assert!(nowhere.iter().all(Option::is_none));
    for (at, seq) in seqs.iter().enumerate() {
        let row = &store.rows[*seq as usize];
        assert_eq!(batch.column(1).as_primitive::<TimestampNanosecondType>().value(at), row.time);
        assert_eq!(services[at].as_deref(), row.service);
        assert_eq!(bodies[at], row.body);
        assert_eq!(numbers[at], row.n.map(|n| n.to_string()));
        let ids = batch.column(4).as_fixed_size_binary();
        assert_eq!(
            ids.is_valid(at).then(|| ids.value(at).to_vec()),
            row.trace.map(|t| trace_id(t).0.to_vec())
        );
    }
    seqs
}

fn prunes() -> impl Strategy<Value = Prune> {
    let times = (0..rows::SECONDS, 0..rows::SECONDS).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let services = proptest::option::of(proptest::collection::vec(0..rows::SERVICES.len(), 1..3));
    let traces = proptest::option::weighted(0.3, proptest::collection::vec(0..rows::TRACES, 1..3));
    let tokens = proptest::collection::vec(proptest::collection::vec(0..40_u64, 1..3), 0..2);
    (times, any::<bool>(), services, traces, tokens).prop_map(
        |((start, end), timed, services, traces, tokens)| {
            let mut prune =
                if timed { Prune::time(start * rows::SECOND, end * rows::SECOND) } else { Prune::none() };
            prune.services =
                services.map(|list| list.into_iter().map(|s| rows::SERVICES[s].to_owned()).collect());
            prune.trace_ids = traces.map(|list| list.into_iter().map(trace_id).collect());
            let word = |n: u64| if n < 30 { format!("word{n}") } else { format!("rare{}", n * 97) };
            prune.tokens = tokens.into_iter().map(|any| any.into_iter().map(word).collect()).collect();
            prune
        },
    )
}

/// Whether a row matters, exactly.
fn matters(row: &rows::Row, prune: &Prune) -> bool {
    let mut words = BTreeSet::new();
    crate::segment::tokens(row.body.as_deref().unwrap_or(""), |w| {
        words.insert(w.to_owned());
    });
    prune.meets_time(row.time, row.time)
        && prune.services.as_ref().is_none_or(|l| l.iter().any(|s| Some(s.as_str()) == row.service))
        && prune.trace_ids.as_ref().is_none_or(|l| l.iter().any(|t| Some(*t) == row.trace.map(trace_id)))
        && prune.tokens.iter().all(|any| any.iter().any(|w| words.contains(w)))
}

/// What a scan is asked for.
#[derive(Clone, Debug)]
struct Question {
    form: u8,
    prune: Prune,
    /// Only rows whose `n` is a multiple of it pass the predicate.
    modulus: Option<i64>,
    /// So many rows are skipped, as many are wanted, and so on.
    every: Option<usize>,
}

fn questions() -> impl Strategy<Value = Question> {
    let (modulus, every) = (proptest::option::of(1..50_i64), proptest::option::of(1..9_000_usize));
    (0..6_u8, prunes(), modulus, every).prop_map(|(form, prune, modulus, every)| Question {
        form,
        prune,
        modulus,
        every,
    })
}

fn predicate(modulus: i64) -> RowPredicate<'static> {
    let columns = vec![ColumnRef::new("n", DataType::Int64), ColumnRef::new("seq", DataType::Int64)];
    RowPredicate::new(columns, move |batch| {
        let n = batch.column(0).as_primitive::<Int64Type>();
        Ok(n.iter().map(|n| n.map(|n| n % modulus == 0)).collect::<BooleanArray>())
    })
}

/// Asks, checks whatever comes, and gives the rows' numbers in the model.
fn ask(store: &Store, snapshot: &Snapshot, question: &Question) -> BTreeSet<i64> {
    let Question { form, prune, modulus, every } = question;
    let columns = asked(*form);
    let mut seen = BTreeSet::new();
    for part in snapshot.parts(prune) {
        let selection = every.map(|every| {
            let pairs = part.rows() as usize / (2 * every) + 1;
            let pair = [RowSelector::skip(every), RowSelector::select(every)];
            RowSelection::from(pair.into_iter().cycle().take(2 * pairs).collect::<Vec<_>>())
        });
        for found in part.read(&columns, prune, selection.as_ref(), modulus.map(predicate)) {
            let found = found.unwrap();
            assert!(found.batch.num_rows() <= BATCH_ROWS);
            let seqs = check_batch(store, &found.batch);
            let ids: Vec<u64> = found.rows.iter().collect();
            assert_eq!((ids.len(), found.rows.get(ids.len())), (seqs.len(), None));
            for (place, (id, seq)) in ids.iter().zip(&seqs).enumerate() {
                assert!(seen.insert(*seq), "row {seq} twice");
                assert_eq!(found.rows.get(place), Some(*id));
                assert!(every.is_none_or(|every| (*id as usize / every) % 2 == 1));
                assert!(modulus.is_none_or(|m| store.rows[*seq as usize].n.is_some_and(|n| n % m == 0)));
            }
            // The last, the first, and the first once more: in this order they come.
            if let (Some(first), Some(last)) = (ids.first(), ids.last()) {
                let again = part.fetch_rows(&[*last, *first, *first], &columns).unwrap();
                assert_eq!(check_batch(store, &again), [seqs[seqs.len() - 1], seqs[0], seqs[0]]);
            }
        }
    }
    seen
}

#[test]
fn a_scan_gives_what_a_vector_gives() {
    let store = Store::new(11);
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&questions(), |question| {
        let snapshot = store.snapshot();
        let seen = ask(&store, &snapshot, &question);
        for (seq, row) in store.rows.iter().enumerate().filter(|(_, row)| matters(row, &question.prune)) {
            let passes = question.modulus.is_none_or(|m| row.n.is_some_and(|n| n % m == 0));
            // Which rows are in a selection depends on where they are stored.
            if question.every.is_none() {
                prop_assert_eq!(seen.contains(&(seq as i64)), passes, "row {}", seq);
            }
        }
        prop_assert_eq!(snapshot.warnings(), Vec::<String>::new());
        Ok(())
    });
    run.unwrap();
}

#[test]
fn a_remote_store_gives_the_same_rows() {
    let store = Store::new(13);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for name in ["file0", "file1"] {
        let bytes = disk::read(&store.dir.path().join(name)).unwrap();
        runtime.block_on(objects.put(&name.into(), bytes.into())).unwrap();
    }
    let reader = Reader::new(Objects::remote(objects, runtime.handle().clone()), 1 << 20);
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&questions(), |question| {
        let remote = store.snapshot_through(reader.clone());
        prop_assert_eq!(ask(&store, &remote, &question), ask(&store, &store.snapshot(), &question));
        prop_assert_eq!(remote.warnings(), Vec::<String>::new());
        Ok(())
    });
    run.unwrap();
}

#[test]
fn a_trace_is_found_whole() {
    let store = Store::new(12);
    let snapshot = store.snapshot();
    for trace in (0..rows::TRACES).step_by(331) {
        let found = snapshot.trace(trace_id(trace), &Prune::none(), &asked(0)).unwrap();
        let mut seqs: Vec<i64> = found.iter().flat_map(|batch| check_batch(&store, batch)).collect();
        seqs.sort_unstable();
        let wanted =
            store.rows.iter().enumerate().filter(|(_, r)| r.trace == Some(trace)).map(|(seq, _)| seq as i64);
        assert_eq!(seqs, wanted.collect::<Vec<_>>());
    }
}

#[test]
fn pruning_leaves_most_out() {
    let store = Store::new(7);
    let read = |prune: &Prune| -> usize {
        let snapshot = store.snapshot();
        let files = snapshot.parts(prune).into_iter().filter(Part::is_file);
        files
            .flat_map(|p| p.read(&[], prune, None, None).collect::<Vec<_>>())
            .map(|b| b.unwrap().batch.num_rows())
            .sum()
    };
    let all = read(&Prune::none());
    assert_eq!(all, store.file_rows);
    let rare = Prune { tokens: vec![vec!["rare2910".to_owned()]], ..Prune::none() };
    assert!(read(&rare) <= 3 * BATCH_ROWS, "{} of {all}", read(&rare));
    let service = Prune { services: Some(vec!["zebra".to_owned()]), ..Prune::none() };
    assert!(read(&service) <= all / 2 && read(&service) > 0);
    let unknown = Prune { services: Some(vec!["nobody".to_owned()]), ..Prune::none() };
    assert_eq!(read(&unknown), 0);
    let stranger = Prune { trace_ids: Some(vec![TraceId([9; 16])]), ..Prune::none() };
    assert_eq!(read(&stranger), 0);
}

#[test]
fn rows_of_a_split_part_are_its_rows() {
    let store = Store::new(3);
    let snapshot = store.snapshot();
    for part in snapshot.parts(&Prune::none()) {
        let pieces = part.split(1);
        assert_eq!(pieces.iter().map(Part::rows).sum::<u64>(), part.rows());
        let ids = |part: &Part| -> Vec<u64> {
            let batches = part.read(&[], &Prune::none(), None, None);
            batches.flat_map(|b| b.unwrap().rows.iter().collect::<Vec<_>>()).collect()
        };
        assert_eq!(pieces.iter().flat_map(&ids).collect::<Vec<_>>(), ids(&part));
    }
}

#[test]
fn a_cancelled_scan_says_so_and_ends() {
    let store = Store::new(1);
    let cancel = Cancel::default();
    let snapshot = store.snapshot().with_cancel(cancel.clone());
    let part = snapshot.parts(&Prune::none()).into_iter().find(Part::is_file).unwrap();
    let mut rows = part.read(&asked(0), &Prune::none(), None, None);
    assert!(rows.next().unwrap().is_ok());
    cancel.cancel();
    assert!(matches!(rows.next(), Some(Err(ScanError::Cancelled))));
    assert!(rows.next().is_none());
}

#[test]
fn a_failing_predicate_ends_the_scan() {
    let store = Store::new(1);
    let snapshot = store.snapshot();
    for part in snapshot.parts(&Prune::none()) {
        let predicate =
            RowPredicate::new(vec![], |_| Err(arrow::error::ArrowError::ComputeError("no".into()).into()));
        let mut rows = part.read(&asked(0), &Prune::none(), None, Some(predicate));
        assert!(matches!(rows.next(), Some(Err(ScanError::Arrow(_)))));
        assert!(rows.next().is_none());
    }
    assert_eq!(snapshot.warnings(), [""; 0]);
}
