//! The one request that the command line makes.

use base::Clock;
use discovery::http::{HttpClient, Request};
use promconfig::HttpClientConfig;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(150);
/// The longest answer that is read: what a terminal can show in a day.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// GETs a URL. The error is a sentence for the terminal.
pub async fn get(url: &str) -> Result<Vec<u8>, String> {
    let parsed = url::Url::parse(url).map_err(|e| format!("{url}: {e}"))?;
    let client =
        HttpClient::new(&HttpClientConfig::default(), &Clock::system()).map_err(|e| e.to_string())?;
    let answer = async { client.send(Request::get(parsed)).await?.read(ANSWER_BYTES_MAX).await };
    match tokio::time::timeout(TIMEOUT, answer).await {
        Ok(answer) => answer.map_err(|e| format!("{e}; is a server running there? (--server)")),
        Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
    }
}
