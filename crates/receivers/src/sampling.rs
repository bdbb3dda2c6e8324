//! How much of its traces a client should send: remote sampling as Jaeger's clients and OpenTelemetry's ask for it.
//!
//! Reads Jaeger's file of strategies. A service that the file does not name has the default; per-operation rates of
//! the default hold for all services that do not say otherwise; only probabilities are known per operation, so a
//! `ratelimiting` there is left out with a warning, as Jaeger does. Without a file every service is told 0.001.

use serde::Deserialize;
use std::collections::HashMap;

/// What a client is told when nobody configured anything.
const DEFAULT_PROBABILITY: f64 = 0.001;

/// How traces of a service begin to be sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StrategyKind {
    /// Each trace with this probability, 0 to 1.
    Probabilistic(f64),
    /// So many traces a second.
    RateLimiting(u32),
}

/// What a client of one service is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    pub kind: StrategyKind,
    pub operations: Option<PerOperation>,
}

/// Rates of single operations.
#[derive(Clone, Debug, PartialEq)]
pub struct PerOperation {
    /// Of operations that are not listed.
    pub default_probability: f64,
    pub rates: Vec<OperationRate>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OperationRate {
    pub operation: String,
    pub probability: f64,
}

/// A file of strategies that cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StrategiesError {
    #[error("{0}")]
    Json(String),
    #[error("{place}: {what}")]
    Value { place: String, what: String },
}

/// The strategies of all services.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategies {
    default: Strategy,
    services: HashMap<String, Strategy>,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct FileEntry {
    #[serde(default)]
    service: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    param: f64,
    #[serde(default)]
    operation_strategies: Vec<FileOperation>,
}

#[derive(Deserialize)]
struct FileOperation {
    #[serde(default)]
    operation: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    param: f64,
}

#[derive(Deserialize)]
struct File {
    default_strategy: Option<FileEntry>,
    #[serde(default)]
    service_strategies: Option<Vec<FileEntry>>,
}

impl Default for Strategies {
    fn default() -> Strategies {
        let default = Strategy { kind: StrategyKind::Probabilistic(DEFAULT_PROBABILITY), operations: None };
        Strategies { default, services: HashMap::new(), warnings: Vec::new() }
    }
}

impl Strategies {
    /// Reads the text of a file.
    pub fn parse(json: &str) -> Result<Strategies, StrategiesError> {
        // Jaeger takes an empty file's `null` as none.
        let file: Option<File> =
            serde_json::from_str(json).map_err(|e| StrategiesError::Json(e.to_string()))?;
        let mut strategies = Strategies::default();
        let Some(file) = file else { return Ok(strategies) };
        let mut warnings = Vec::new();
        if let Some(entry) = &file.default_strategy {
            strategies.default = entry.strategy("default_strategy", &mut warnings)?;
        }
        for (i, entry) in file.service_strategies.iter().flatten().enumerate() {
            let place = format!("service_strategies[{i}]");
            if entry.service.is_empty() {
                return Err(StrategiesError::Value { place, what: "no service is named".to_owned() });
            }
            let mut strategy = entry.strategy(&place, &mut warnings)?;
            strategy.inherit(&strategies.default);
            strategies.services.insert(entry.service.clone(), strategy);
        }
        strategies.warnings = warnings;
        Ok(strategies)
    }

    /// What a client of this service is told.
    pub fn for_service(&self, name: &str) -> &Strategy {
        self.services.get(name).unwrap_or(&self.default)
    }

    /// What of the file has no effect, each with its place.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Strategy {
    fn inherit(&mut self, default: &Strategy) {
        let Some(inherited) = &default.operations else { return };
        match &mut self.operations {
            Some(own) => {
                let missing =
                    inherited.rates.iter().filter(|r| own.rates.iter().all(|o| o.operation != r.operation));
                let missing: Vec<_> = missing.cloned().collect();
                own.rates.extend(missing);
            }
            None => {
                let mut operations = inherited.clone();
                if let StrategyKind::Probabilistic(probability) = self.kind {
                    operations.default_probability = probability;
                }
                self.operations = Some(operations);
            }
        }
    }
}

impl FileEntry {
    fn strategy(&self, place: &str, warnings: &mut Vec<String>) -> Result<Strategy, StrategiesError> {
        let kind = match self.kind.as_str() {
            "probabilistic" => StrategyKind::Probabilistic(probability(self.param, place)?),
            "ratelimiting" => {
                let whole = self.param >= 0.0 && self.param <= f64::from(u32::MAX);
                if !whole {
                    let what = format!("param must be a number of traces a second, not {}", self.param);
                    return Err(StrategiesError::Value { place: place.to_owned(), what });
                }
                StrategyKind::RateLimiting(self.param as u32)
            }
            other => {
                warnings.push(format!("{place}: unknown type {other:?}, {DEFAULT_PROBABILITY} is used"));
                StrategyKind::Probabilistic(DEFAULT_PROBABILITY)
            }
        };
        if self.operation_strategies.is_empty() {
            return Ok(Strategy { kind, operations: None });
        }
        let default_probability = match kind {
            StrategyKind::Probabilistic(probability) => probability,
            StrategyKind::RateLimiting(_) => DEFAULT_PROBABILITY,
        };
        let mut rates = Vec::new();
        for (i, operation) in self.operation_strategies.iter().enumerate() {
            let place = format!("{place}.operation_strategies[{i}]");
            if operation.kind == "probabilistic" {
                let probability = probability(operation.param, &place)?;
                rates.push(OperationRate { operation: operation.operation.clone(), probability });
            } else {
                warnings.push(format!(
                    "{place}: type {:?} has no effect, an operation can only be probabilistic",
                    operation.kind
                ));
            }
        }
        Ok(Strategy { kind, operations: Some(PerOperation { default_probability, rates }) })
    }
}

fn probability(param: f64, place: &str) -> Result<f64, StrategiesError> {
    if (0.0..=1.0).contains(&param) {
        return Ok(param);
    }
    let what = format!("param must be between 0 and 1, not {param}");
    Err(StrategiesError::Value { place: place.to_owned(), what })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "default_strategy": {"type": "probabilistic", "param": 0.5, "operation_strategies": [
            {"operation": "health", "type": "probabilistic", "param": 0.0},
            {"operation": "spam", "type": "ratelimiting", "param": 1},
            {"operation": "list", "type": "probabilistic", "param": 1}]},
        "service_strategies": [
            {"service": "cart", "type": "probabilistic", "param": 0.8, "operation_strategies": [
                {"operation": "list", "type": "probabilistic", "param": 0.25}]},
            {"service": "mail", "type": "ratelimiting", "param": 5, "operation_strategies": [
                {"operation": "send", "type": "probabilistic", "param": 0.3}]},
            {"service": "shop", "type": "probabilistic", "param": 1},
            {"service": "batch", "type": "ratelimiting", "param": 3}]
    }"#;

    fn rates(strategy: &Strategy) -> (f64, Vec<(&str, f64)>) {
        let operations = strategy.operations.as_ref().unwrap();
        let rates = operations.rates.iter().map(|r| (r.operation.as_str(), r.probability)).collect();
        (operations.default_probability, rates)
    }

    #[test]
    fn services_have_their_own_and_inherit_operations() {
        let s = Strategies::parse(FILE).unwrap();
        let default = s.for_service("anything");
        assert_eq!(default.kind, StrategyKind::Probabilistic(0.5));
        assert_eq!(rates(default), (0.5, vec![("health", 0.0), ("list", 1.0)]));
        let cart = s.for_service("cart");
        assert_eq!(cart.kind, StrategyKind::Probabilistic(0.8));
        assert_eq!(rates(cart), (0.8, vec![("list", 0.25), ("health", 0.0)]));
        let mail = s.for_service("mail");
        assert_eq!(mail.kind, StrategyKind::RateLimiting(5));
        assert_eq!(rates(mail), (0.001, vec![("send", 0.3), ("health", 0.0), ("list", 1.0)]));
        assert_eq!(rates(s.for_service("shop")), (1.0, vec![("health", 0.0), ("list", 1.0)]));
        assert_eq!(rates(s.for_service("batch")).0, 0.5);
        assert_eq!(s.warnings().len(), 1);
        assert!(s.warnings()[0].starts_with("default_strategy.operation_strategies[1]: "));
    }

    #[test]
    fn without_a_file_little_is_sampled() {
        let want = Strategy { kind: StrategyKind::Probabilistic(0.001), operations: None };
        for json in ["null", "{}", r#"{"service_strategies":null}"#] {
            assert_eq!(Strategies::parse(json).unwrap().for_service("x"), &want);
        }
        let odd = Strategies::parse(r#"{"default_strategy":{"type":"magic","param":1}}"#).unwrap();
        assert_eq!((odd.for_service("x"), odd.warnings().len()), (&want, 1));
    }

    #[test]
    fn bad_files_are_refused_with_their_place() {
        let cases = [
            ("{", "EOF"),
            (
                r#"{"service_strategies":[{"type":"probabilistic","param":1}]}"#,
                "service_strategies[0]: no service",
            ),
            (r#"{"default_strategy":{"type":"probabilistic","param":2}}"#, "default_strategy: param must be"),
            (r#"{"default_strategy":{"type":"ratelimiting","param":-1}}"#, "default_strategy: param must be"),
        ];
        for (json, want) in cases {
            let error = Strategies::parse(json).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
