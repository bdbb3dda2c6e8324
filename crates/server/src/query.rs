//! `pharos query`: asks a running server and prints what it answers.

use crate::cli::{Format, Query, QueryArgs};
use base::Clock;
use serde_json::Value;

/// A range without a step shows this many points.
const POINTS: i64 = 250;
const HOUR_S: i64 = 3600;

/// Asks and prints. The error is a sentence for the terminal.
pub async fn run(args: QueryArgs, clock: &Clock) -> Result<(), String> {
    let (path, form) = request(&args.what, clock)?;
    let url = format!("{}{path}", args.server.trim_end_matches('/'));
    let answer = ask(&url, &form).await?;
    if args.format == Format::Json {
        println!("{}", answer["data"]);
        return Ok(());
    }
    for kind in ["warnings", "infos"] {
        for note in answer[kind].as_array().into_iter().flatten() {
            eprintln!("{kind}: {}", note.as_str().unwrap_or_default());
        }
    }
    match args.what {
        Query::Instant { .. } | Query::Range { .. } => print_value(&answer["data"]),
        Query::Series { .. } => {
            answer["data"].as_array().into_iter().flatten().for_each(|s| println!("{}", series(s)));
        }
        Query::Labels { .. } => {
            let values = answer["data"].as_array().into_iter().flatten();
            values.for_each(|v| println!("{}", v.as_str().unwrap_or_default()));
        }
    }
    Ok(())
}

type Form = Vec<(&'static str, String)>;

fn request(what: &Query, clock: &Clock) -> Result<(String, Form), String> {
    let now_ms = clock.now_ms();
    let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
    let span = |start: &Option<String>, end: &Option<String>| -> Form {
        let times = [("start", start), ("end", end)];
        times.into_iter().filter_map(|(n, t)| Some((n, t.clone()?))).collect()
    };
    Ok(match what {
        Query::Instant { expr, time } => {
            let time = time.clone().unwrap_or_else(|| seconds(now_ms));
            ("/api/v1/query".into(), vec![("query", expr.clone()), ("time", time)])
        }
        Query::Range { expr, start, end, step } => {
            let end_ms = end.as_deref().map_or(Ok(now_ms), api::parse_time)?;
            let start_ms = start.as_deref().map_or(Ok(end_ms - HOUR_S * 1000), api::parse_time)?;
            let step =
                step.clone().unwrap_or_else(|| ((end_ms - start_ms) / 1000 / POINTS).max(1).to_string());
            let form = vec![
                ("query", expr.clone()),
                ("start", seconds(start_ms)),
                ("end", seconds(end_ms)),
                ("step", step),
            ];
            ("/api/v1/query_range".into(), form)
        }
        Query::Series { matches, start, end } => {
            let mut form = span(start, end);
            form.extend(matches.iter().map(|m| ("match[]", m.clone())));
            ("/api/v1/series".into(), form)
        }
        Query::Labels { name, matches, start, end } => {
            let mut form = span(start, end);
            form.extend(matches.iter().map(|m| ("match[]", m.clone())));
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            (format!("/api/v1/label/{name}/values"), form)
        }
    })
}

async fn ask(url: &str, form: &Form) -> Result<Value, String> {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let body = crate::http::get(&format!("{url}?{query}")).await?;
    let answer: Value = serde_json::from_slice(&body)
        .map_err(|_| format!("{url} did not answer as a Prometheus API would; is --server right?"))?;
    match answer["status"].as_str() {
        Some("success") => Ok(answer),
        _ => Err(format!(
            "{}: {}",
            answer["errorType"].as_str().unwrap_or("error"),
            answer["error"].as_str().unwrap_or("no reason given")
        )),
    }
}

fn print_value(data: &Value) {
    let result = &data["result"];
    match data["resultType"].as_str() {
        Some("scalar") => println!("scalar: {}", point(result)),
        Some("string") => println!("{}", result[1].as_str().unwrap_or_default()),
        _ => {
            for one in result.as_array().into_iter().flatten() {
                let name = series(&one["metric"]);
                if let Some(value) = one.get("value").or_else(|| one.get("histogram")) {
                    println!("{name} => {}", point(value));
                    continue;
                }
                println!("{name} =>");
                for kind in ["values", "histograms"] {
                    one[kind].as_array().into_iter().flatten().for_each(|p| println!("{}", point(p)));
                }
            }
        }
    }
}

/// `value @[time]`
fn point(pair: &Value) -> String {
    let value = match &pair[1] {
        Value::String(text) => text.clone(),
        histogram => format!("{{count:{}, sum:{}}}", text(&histogram["count"]), text(&histogram["sum"])),
    };
    format!("{value} @[{}]", pair[0])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// `name{a="1"}`
fn series(metric: &Value) -> String {
    let pairs = metric.as_object().into_iter().flatten();
    model::Labels::from_pairs(pairs.map(|(n, v)| (n.as_str(), text(v)))).to_string()
}
