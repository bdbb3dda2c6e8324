//! Statements over a few rows in memory.

use super::*;
use arrow::array::{
    ArrayRef, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
    UInt32Array,
};
use base::Clock;
use events::columns::Columns;
use events::scan::{MemorySource, Objects, Reader};
use futures::StreamExt;
use object_store::memory::InMemory;

const SECOND: i64 = 1_000_000_000;
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

struct Fixed;

impl EventTables for Fixed {
    fn snapshot(&self, kind: Kind) -> Snapshot {
        let memory = match kind {
            Kind::Span => vec![Arc::new(spans())],
            _ => Vec::new(),
        };
        let reader = Reader::new(
            Objects::remote(Arc::new(InMemory::new()), tokio::runtime::Handle::current()),
            1 << 20,
        );
        Snapshot::new(kind, Arc::new(Columns::builtin(kind)), memory, Vec::new(), reader)
    }
}

/// A hundred spans, a second apart, of two services.
fn spans() -> MemorySource {
    let rows = 100;
    let ids = (0..rows).map(|_| u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes());
    let times =
        TimestampNanosecondArray::from_iter_values((0..rows).map(|i| i * SECOND)).with_timezone("UTC");
    let services = StringArray::from_iter_values((0..rows).map(|i| ["cart", "checkout"][i as usize % 2]));
    let columns: [(&str, ArrayRef); 5] = [
        ("time", Arc::new(times)),
        ("duration", Arc::new(Int64Array::from_iter_values((0..rows).map(|i| i * 1000)))),
        ("trace_id", Arc::new(FixedSizeBinaryArray::try_from_iter(ids).unwrap())),
        ("service", Arc::new(services)),
        ("flags", Arc::new(UInt32Array::from_iter_values((0..rows).map(|_| u32::MAX)))),
    ];
    MemorySource {
        name: "memory".into(),
        batch: RecordBatch::try_from_iter(columns).unwrap(),
        min_ns: 0,
        max_ns: (rows - 1) * SECOND,
    }
}

struct Up;

impl MetricsSource for Up {
    fn range(
        &self,
        promql: &str,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<MetricSeries>, String> {
        if promql != "up" {
            return Err("1:1: unknown".to_owned());
        }
        let labels = [("__name__", "up"), ("job", "node"), ("time", "late")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let points = (start_ms..=end_ms).step_by(step_ms as usize).map(|ms| (ms, 1.0)).collect();
        Ok(vec![MetricSeries { labels, points }])
    }

    fn now_ms(&self) -> i64 {
        Clock::manual(3_600_000).now_ms()
    }
}

/// The engine, and the folder in which it may spill.
fn engine_with(budget: Budget, timeout: Duration) -> (SqlEngine, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions {
        budget,
        spill_dir: dir.path().join("spill"),
        spill_bytes_max: 1 << 20,
        threads: 2,
        timeout,
    };
    (SqlEngine::new(Arc::new(Fixed), Arc::new(Up), &options).unwrap(), dir)
}

fn engine(budget: Budget) -> (SqlEngine, tempfile::TempDir) {
    engine_with(budget, Duration::from_secs(60))
}

async fn rows_of(engine: &SqlEngine, sql: &str) -> Result<serde_json::Value, SqlError> {
    let mut answer = engine.query(sql).await?;
    let mut writer = Writer::new(Format::Json, answer.schema).unwrap();
    let mut out = writer.begin().unwrap();
    while let Some(batch) = answer.batches.next().await {
        out.extend(writer.batch(&batch?).unwrap());
    }
    out.extend(writer.end(false).unwrap());
    let mut read: serde_json::Value = serde_json::from_slice(&out).unwrap();
    Ok(read["rows"].take())
}

async fn ask(sql: &str) -> Result<serde_json::Value, SqlError> {
    let (engine, _dir) = engine(Budget::new("test", 64 << 20));
    rows_of(&engine, sql).await
}

async fn check(sql: &str, expected: serde_json::Value) {
    assert_eq!(ask(sql).await, Ok(expected), "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_tables() {
    use serde_json::json;
    check("SELECT count(*) FROM spans", json!([[100]])).await;
    check("SELECT count(*) FROM logs", json!([[0]])).await;
    check("SELECT count(*) FROM public.errors", json!([[0]])).await;
    let grouped = "SELECT service, count(*) AS n, max(duration) FROM spans GROUP BY service ORDER BY service";
    check(grouped, json!([["cart", 50, 98000], ["checkout", 50, 99000]])).await;
    check(
        "SELECT time, duration, trace_id, flags FROM spans WHERE time >= '1970-01-01T00:00:03Z' AND time < timestamp '1970-01-01 00:00:04'",
        json!([["1970-01-01T00:00:03Z", 3000, TRACE, u32::MAX]]),
    )
    .await;
    check(
        &format!("SELECT count(*) FROM spans WHERE trace_id = '{TRACE}' AND service = 'cart'"),
        json!([[50]]),
    )
    .await;
    check(&format!("SELECT count(*) FROM spans WHERE trace_id = '{}'", "0".repeat(32)), json!([[0]])).await;
    check("SELECT count(*) FROM spans WHERE service LIKE 'ch%' OR duration = 0", json!([[51]])).await;
    check("SELECT count(*) FROM (SELECT 1 FROM spans LIMIT 7)", json!([[7]])).await;
    let joined = "SELECT count(*) FROM spans a JOIN spans b ON a.time = b.time WHERE a.service = 'cart'";
    check(joined, json!([[50]])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_a_table() {
    use serde_json::json;
    let first = json!([["1970-01-01T00:00:00Z", "node", "late", "up", 1]]);
    check("SELECT * FROM metrics('up', 0, 60, '30s') ORDER BY time LIMIT 1", first).await;
    check("SELECT count(*), sum(value) FROM metrics('up', 0, 60, 30)", json!([[3, 3]])).await;
    check("SELECT count(*) FROM metrics('up')", json!([[251]])).await;
    let windowed = "SELECT count(*) FROM metrics('up', timestamp '1970-01-01 00:00:00', '1970-01-01T00:01:00Z', interval '20 seconds')";
    check(windowed, json!([[4]])).await;
    for (sql, why) in [
        ("SELECT * FROM metrics('down')", "metrics('down'): 1:1: unknown"),
        ("SELECT * FROM metrics()", "takes an expression"),
        ("SELECT * FROM metrics(7)", "PromQL expression in quotes"),
        ("SELECT * FROM metrics('up', 60, 0)", "start is after end"),
        ("SELECT * FROM metrics('up', 0, 60, 0)", "not zero"),
        ("SELECT * FROM metrics('up', 'yesterday')", "start is a time"),
    ] {
        let error = ask(sql).await.unwrap_err();
        assert!(matches!(&error, SqlError::Bad(text) if text.contains(why)), "{sql}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_changed_and_mistakes_are_named() {
    for (sql, why) in [
        ("DROP TABLE spans", "DDL not supported"),
        ("CREATE TABLE x AS SELECT 1", "DDL not supported"),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", "DDL not supported"),
        ("INSERT INTO spans VALUES (1)", ""),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", "DML not supported"),
        ("SET datafusion.execution.batch_size = 1", "Statement not supported"),
        ("SELECT * FROM '/etc/passwd'", "not found"),
        ("SELECT nope FROM spans", "nope"),
        ("SELEC 1", "SELEC"),
        ("SELECT 1; SELECT 2", ""),
        ("", ""),
        ("SELECT 1 / 0", ""),
    ] {
        let error = ask(sql).await.unwrap_err();
        assert!(matches!(&error, SqlError::Bad(text) if text.contains(why)), "{sql}: {error:?}");
    }
    let long = format!("SELECT {}", "1+".repeat(STATEMENT_BYTES_MAX));
    assert!(matches!(ask(&long).await, Err(SqlError::Bad(why)) if why.contains("at most")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_its_memory_fails_and_the_next_has_it_all() {
    let budget = Budget::new("queries", 2 << 20);
    let (engine, _dir) = engine(budget.clone());
    // The smaller side of a hash join is held whole: it cannot be spilled.
    let wide = "SELECT count(*) FROM generate_series(1, 1000000) a(v) JOIN generate_series(1, 1000000) b(v) ON a.v = b.v";
    let error = rows_of(&engine, wide).await.unwrap_err();
    assert!(matches!(&error, SqlError::TooLarge(why) if why.contains("--memory")), "{error:?}");
    // Tasks of the failed plan let go of what they hold as they notice.
    while budget.used_bytes() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(rows_of(&engine, "SELECT count(*) FROM spans").await, Ok(serde_json::json!([[100]])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_its_time_ends() {
    let (engine, _dir) = engine_with(Budget::new("test", 64 << 20), Duration::from_millis(50));
    let endless = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
    let error = rows_of(&engine, endless).await.unwrap_err();
    assert!(matches!(&error, SqlError::Timeout(why) if why.contains("longer than 50ms")), "{error:?}");
}
