//! `/api/pharos/targets`: targets, with what to do about those that fail.

use crate::App;
use crate::params::Params;
use crate::prometheus::targets::{Advice, list};
use crate::reply::Answer;
use axum::extract::State;
use std::sync::Arc;

pub async fn targets(State(app): State<Arc<App>>, params: Params) -> Answer {
    Ok(list(&app, &params, Advice::Shown))
}
