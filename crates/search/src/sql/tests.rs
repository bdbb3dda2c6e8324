//! Statements over a few rows in memory.

use super::*;
use arrow::array::{
    ArrayRef, AsArray, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
    UInt32Array,
};
use arrow::datatypes::Int64Type;
use base::Clock;
use events::columns::Columns;
use events::scan::{FileSource, MemorySource, Objects, Reader};
use events::segment::SegmentMeta;
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

/// The same spans, and a file that is not there.
struct Damaged;

impl EventTables for Damaged {
    fn snapshot(&self, kind: Kind) -> Snapshot {
        let meta = SegmentMeta {
            kind,
            rows: 7,
            bytes: 1_000,
            min_time_ns: 0,
            max_time_ns: SECOND,
            services: None,
            columns: vec!["time".to_owned()],
            tail: None,
        };
        let file = FileSource { path: "spans/gone.parquet".into(), meta: Arc::new(meta), pin: None };
        let reader = Reader::new(Objects::local("/nowhere".into()), 1 << 20);
        let columns = Arc::new(Columns::builtin(kind));
        Snapshot::new(kind, columns, vec![Arc::new(spans())], vec![Arc::new(file)], reader)
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
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    MemorySource::new("memory".into(), batch, 0, (rows - 1) * SECOND)
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
    engine_over(Arc::new(Fixed), budget, timeout)
}

fn engine_over(
    tables: Arc<dyn EventTables>,
    budget: Budget,
    timeout: Duration,
) -> (SqlEngine, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions {
        budget,
        spill_dir: dir.path().join("spill"),
        spill_bytes_max: 1 << 20,
        threads: 2,
        timeout,
    };
    (SqlEngine::new(tables, Arc::new(Up), &options).unwrap(), dir)
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
    out.extend(writer.end(false, &answer.lost.warnings()).unwrap());
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
        assert!(matches!(&error, SqlError::Bad(_)) && error.to_string().contains(why), "{sql}: {error:?}");
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
        ("SELECT * FROM '/etc/passwd'", "there is no table"),
        ("SELECT nope FROM spans", "nope"),
        ("SELEC 1", "SELEC"),
        ("SELECT 1; SELECT 2", ""),
        ("", ""),
        ("SELECT 1 / 0", ""),
    ] {
        let error = ask(sql).await.unwrap_err();
        assert!(matches!(&error, SqlError::Bad(_)) && error.to_string().contains(why), "{sql}: {error:?}");
    }
    let long = format!("SELECT {}", "1+".repeat(STATEMENT_BYTES_MAX));
    assert!(matches!(ask(&long).await, Err(SqlError::Bad(fault)) if fault.message.contains("at most")));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_say_where_they_are_and_what_would_be_right() {
    for (sql, shown) in [
        ("SELEC 1", "1:1: expected an SQL statement, found SELEC"),
        ("SELECT service\nFROM spans\nWHERE", "3:6: expected an expression, found the end of the statement"),
        ("SELECT servce FROM spans", "1:8: there is no column servce (did you mean service?)"),
        (
            "SELECT 1 FROM spans WHERE service = \"cart\"",
            "1:37: there is no column cart (text stands in single quotes: 'cart')",
        ),
        ("SELECT * FROM span", "1:15: there is no table span (did you mean spans?)"),
        (
            "SELECT * FROM\n  events",
            "2:3: there is no table events (there are logs, spans, errors and metrics('promql', start, end, step))",
        ),
        (
            "SELECT quantile(0.9)(duration) FROM spans",
            "1:21: expected end of statement, found ( (write approx_percentile_cont(0.95) within group (order by x))",
        ),
        (
            "SELECT 1 FROM spans WHERE duration > 'error'",
            "1:38: 'error' is not a number (a severity is a number from 1 to 24: error begins at 17)",
        ),
        ("SELECT 1 FROM spans WHERE time > 'yesterday'", "1:34: 'yesterday' is not a time (write '2026"),
        (
            "SELECT 1 FROM spans WHERE time > now() - '1 hour'",
            "text is not taken from a time (write interval '1 hour')",
        ),
        (
            "SELECT service, count(*) FROM spans",
            "1:8: spans.service is neither grouped by nor in an aggregate",
        ),
        (
            "SELECT time FROM spans a JOIN spans b ON a.time = b.time",
            "1:8: several tables have a column time",
        ),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        (
            "SELECT countIf(duration > 3) FROM spans",
            "1:8: there is no function countif (write count(*) filter (where …))",
        ),
        ("SELECT cuont(*) FROM spans", "1:8: there is no function cuont (did you mean count?)"),
    ] {
        let error = ask(sql).await.unwrap_err().to_string();
        assert!(error.starts_with(shown), "{sql}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_databases_have_is_here() {
    use serde_json::json;
    check("SELECT '{\"a\":{\"b\":7}}' -> 'a' ->> 'b'", json!([["7"]])).await;
    let json = r#"'{"a":{"b":7,"c":[1,"x",{"d":true}],"s":"q\"\u00e9"},"n":null,"f":1.5}'"#;
    for (sql, value) in [
        ("json_get_int(J, 'a', 'b')", json!(7)),
        ("json_get_int(J, 'a', 's')", json!(null)),
        ("json_get_float(J, 'f') + 1", json!(2.5)),
        ("json_get_bool(J, 'a', 'c', 2, 'd')", json!(true)),
        ("JSONExtractString(J, 'a', 's')", json!("q\"é")),
        ("json_get(J, 'a', 'c', -2)", json!("\"x\"")),
        ("J -> 'a' -> 'c' ->> 1", json!("x")),
        ("J ->> 'n'", json!(null)),
        ("J -> 'n'", json!(null)),
        ("J ->> 'f' = '1.5'", json!(true)),
        ("'no json' ->> 'a'", json!(null)),
        ("'{\"a\":' ->> 'a'", json!(null)),
    ] {
        check(
            &format!("SELECT {}", sql.replace('J', json).replace(&format!("{json}SON"), "JSON")),
            json!([[value]]),
        )
        .await;
    }
    check("SELECT count(*) FROM spans WHERE service ->> 'x' IS NULL", json!([[100]])).await;
    let bins =
        "SELECT time_bucket(interval '1 minute', time) AS t, count(*) FROM spans GROUP BY t ORDER BY t";
    check(bins, json!([["1970-01-01T00:00:00Z", 60], ["1970-01-01T00:01:00Z", 40]])).await;
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
async fn rows_that_cannot_be_read_are_said_or_the_statement_fails() {
    let (engine, _dir) =
        engine_over(Arc::new(Damaged), Budget::new("test", 64 << 20), Duration::from_secs(60));
    let all = "SELECT count(*) FROM spans";
    let mut answer = engine.query(all).await.unwrap();
    let batch = answer.batches.next().await.unwrap().unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), 100);
    assert!(answer.batches.next().await.is_none());
    assert_eq!(answer.lost.warnings(), ["spans/gone.parquet: the file is not there"]);
    // A protocol without a place for warnings.
    let error = engine.context().sql(all).await.unwrap().collect().await.unwrap_err();
    assert!(error.to_string().contains("spans/gone.parquet"), "{error}");
    // What has nothing to do with the file.
    let later = "SELECT count(*) FROM spans WHERE time >= '1970-01-01T00:00:50Z'";
    let mut answer = engine.query(later).await.unwrap();
    while let Some(batch) = answer.batches.next().await {
        batch.unwrap();
    }
    assert!(answer.lost.warnings().is_empty());
    assert!(engine.context().sql(later).await.unwrap().collect().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_its_time_ends() {
    let (engine, _dir) = engine_with(Budget::new("test", 64 << 20), Duration::from_millis(50));
    let endless = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
    let error = rows_of(&engine, endless).await.unwrap_err();
    assert!(matches!(&error, SqlError::Timeout(why) if why.contains("longer than 50ms")), "{error:?}");
}
