//! The questions, in the words of each engine.

use crate::http::Client;
use base::Clock;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// Each question is asked this often, warm.
const RUNS: usize = 25;
const TRACES: usize = 25;

/// What everybody is asked.
pub struct Questions(Vec<Question>);

struct Question {
    name: &'static str,
    /// The paths of Pharos's API; asked in turn.
    pharos: Vec<String>,
    clickhouse: Vec<String>,
    duckdb: Vec<String>,
}

/// A question and how long its answers took, ascending.
pub struct Asked {
    pub name: &'static str,
    pub times: Vec<Duration>,
    /// What the last answer held: rows, events or spans, to see that all answered the same.
    pub rows: usize,
}

impl Questions {
    pub fn new(sample: &[[u8; 16]], end_ns: i64, span_ns: i64) -> Questions {
        let seconds = |ns: i64| format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
        // A minute more at both ends: clocks of the shop are off.
        let slack = 60_000_000_000;
        let when = format!("&start={}&end={}", seconds(end_ns - span_ns - slack), seconds(end_ns + slack));
        let step = (sample.len() / TRACES).max(1);
        let ids: Vec<String> = sample
            .iter()
            .step_by(step)
            .take(TRACES)
            .map(|id| format!("{:032x}", u128::from_be_bytes(*id)))
            .collect();
        let word = super::shop::RARE;
        let group = "SELECT \"http.route\", service, count(*), avg(duration) FROM spans GROUP BY 1, 2";
        let nanos =
            |clickhouse: bool| if clickhouse { "toUnixTimestamp64Nano(time)" } else { "epoch_ns(time)" };
        let slowest = |clickhouse: bool| {
            let time = nanos(clickhouse);
            format!(
                "SELECT trace_id, max({time} + duration) - min({time}) AS length FROM spans GROUP BY trace_id \
                 ORDER BY length DESC LIMIT 20"
            )
        };
        let calls = "SELECT parent.service, child.service, count(*) FROM spans AS child JOIN spans AS parent \
                     ON child.trace_id = parent.trace_id AND child.parent_span_id = parent.span_id \
                     WHERE child.service <> parent.service GROUP BY 1, 2";
        let whole = "SELECT * FROM spans WHERE trace_id IN (SELECT trace_id FROM spans WHERE status = 'error' \
                     GROUP BY trace_id ORDER BY max(time) DESC LIMIT 100)";
        let lookback_ms = (span_ns + 2 * slack) / 1_000_000;
        let end_ms = (end_ns + slack) / 1_000_000;
        let micros = |ns: i64| ns / 1_000;
        let histogram =
            |bucket: &str| format!("SELECT {bucket} AS t, severity, count(*) FROM logs GROUP BY 1, 2");
        Questions(vec![
            Question {
                name: "group-by of all spans by two attributes",
                pharos: vec![format!(
                    "/api/pharos/search/group?kind=span&by=http.route,service&agg=count,avg(duration)&limit=1000{when}"
                )],
                clickhouse: vec![group.replace('"', "`")],
                duckdb: vec![group.to_owned()],
            },
            Question {
                name: "the same in SQL",
                pharos: vec![format!("/api/pharos/sql?query={}", percent(group))],
                clickhouse: vec![group.replace('"', "`")],
                duckdb: vec![group.to_owned()],
            },
            Question {
                name: "histogram of all logs by severity",
                pharos: vec![format!(
                    "/api/pharos/search/histogram?kind=log&q=severity>=info&buckets=60&by=severity{when}"
                )],
                clickhouse: vec![
                    histogram("toStartOfInterval(time, INTERVAL 10 MINUTE)")
                        .replace(" FROM logs", " FROM logs WHERE severity >= 9"),
                ],
                duckdb: vec![
                    histogram("epoch_ns(time) // 600000000000")
                        .replace(" FROM logs", " FROM logs WHERE severity >= 9"),
                ],
            },
            Question {
                name: "one rare word in all logs",
                pharos: vec![format!("/api/pharos/search?kind=log&q={word}&limit=100{when}")],
                clickhouse: vec![format!(
                    "SELECT time, body FROM logs WHERE hasToken(body, '{word}') ORDER BY time DESC LIMIT 100"
                )],
                duckdb: vec![format!(
                    "SELECT epoch_ns(time), body FROM logs WHERE contains(body, '{word}') ORDER BY time DESC LIMIT 100"
                )],
            },
            Question {
                name: "the twenty slowest traces",
                pharos: vec![format!("/api/pharos/traces?order=slowest&limit=20{when}")],
                clickhouse: vec![slowest(true)],
                duckdb: vec![slowest(false)],
            },
            Question {
                name: "calls between all services",
                pharos: vec![format!("/jaeger/api/dependencies?endTs={end_ms}&lookback={lookback_ms}")],
                clickhouse: vec![calls.to_owned()],
                duckdb: vec![calls.to_owned()],
            },
            Question {
                name: "a hundred traces with an error, whole",
                pharos: vec![format!(
                    "/jaeger/api/traces?tag=error:true&limit=100&start={}&end={}",
                    micros(end_ns - span_ns - slack),
                    micros(end_ns + slack)
                )],
                clickhouse: vec![whole.to_owned()],
                duckdb: vec![whole.to_owned()],
            },
            Question {
                name: "trace by id",
                pharos: ids.iter().map(|id| format!("/api/pharos/traces/{id}")).collect(),
                clickhouse: ids
                    .iter()
                    .map(|id| format!("SELECT * FROM spans WHERE trace_id = unhex('{id}')"))
                    .collect(),
                duckdb: ids
                    .iter()
                    .map(|id| format!("SELECT * REPLACE (epoch_ns(time) AS time) FROM spans WHERE trace_id = unhex('{id}')"))
                    .collect(),
            },
        ])
    }

    /// For the script that asks the others.
    pub fn for_others(&self) -> Value {
        let one =
            |q: &Question| (q.name.to_owned(), json!({ "clickhouse": q.clickhouse, "duckdb": q.duckdb }));
        Value::Object(self.0.iter().map(one).collect())
    }
}

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Asks Pharos.
pub fn own(address: &str, questions: &Questions, clock: &Clock) -> io::Result<Vec<Asked>> {
    let mut client = Client::new(address);
    let mut all = Vec::new();
    for question in &questions.0 {
        let mut asked = Asked { name: question.name, times: Vec::new(), rows: 0 };
        let runs = RUNS.max(question.pharos.len());
        for run in 0..runs + 2 {
            let path = question.pharos[run % question.pharos.len()].replace('>', "%3E");
            let start = clock.monotonic();
            let reply = client.get(&path)?;
            let took = clock.monotonic() - start;
            if reply.status != 200 {
                let why = String::from_utf8_lossy(&reply.body).into_owned();
                return Err(io::Error::other(format!("{path}: {} {why}", reply.status)));
            }
            let json: Value = serde_json::from_slice(&reply.body)?;
            asked.rows = ["rows", "events", "spans", "series", "traces", "data"]
                .iter()
                .find_map(|name| json[*name].as_array().map(Vec::len))
                .unwrap_or(0);
            // The first two only warm it.
            if run >= 2 {
                asked.times.push(took);
            }
        }
        asked.times.sort();
        all.push(asked);
    }
    Ok(all)
}
