//! Who we say we are: `Authorization`, and the extra headers of the configuration.
//!
//! Files are read at each request, so that a password that rotates is used at once. An OAuth 2 token is fetched when
//! it is needed and kept until shortly before it expires, or until its secret changes.

use super::{HttpClient, HttpError, Request};
use base::{Clock, disk};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use promconfig::{Authorization, BasicAuth, HeaderValues, HttpClientConfig, OAuth2, Secret};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;
use url::Url;
use url::form_urlencoded;

/// A token is renewed this long before it expires: as Go's oauth2 library.
const RENEW_BEFORE: Duration = Duration::from_secs(10);
/// A token without `expires_in` is asked for anew after so long.
const LIFETIME_UNKNOWN: Duration = Duration::from_secs(3600);
/// How long the token endpoint may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// Token answers are small; a signed token with many claims has some kilobytes.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

type AuthorizationFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<HeaderValue>, HttpError>> + Send + 'a>>;

pub struct Auth {
    kind: Kind,
    headers: Vec<(HeaderName, HeaderValues)>,
}

enum Kind {
    None,
    Basic(Box<BasicAuth>),
    Other(Box<Authorization>),
    OAuth2(Box<TokenSource>),
}

struct TokenSource {
    config: OAuth2,
    client: HttpClient,
    clock: Clock,
    /// Held while a token is fetched: many requests wait for one.
    token: tokio::sync::Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    secret: String,
    /// On the monotonic clock.
    renew_at: Duration,
}

impl Auth {
    pub fn new(config: &HttpClientConfig, clock: &Clock) -> Result<Auth, HttpError> {
        let kind = if let Some(basic) = &config.basic_auth {
            no_reference(&[&basic.username_ref, &basic.password_ref])?;
            Kind::Basic(Box::new(basic.clone()))
        } else if let Some(other) = &config.authorization {
            no_reference(&[&other.credentials_ref])?;
            Kind::Other(Box::new(other.clone()))
        } else if let Some(oauth2) = &config.oauth2 {
            Kind::OAuth2(Box::new(TokenSource::new(oauth2, config, clock)?))
        } else {
            Kind::None
        };
        let mut headers = Vec::new();
        for (name, values) in &config.http_headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|_| HttpError::Header(name.clone()))?;
            headers.push((name, values.clone()));
        }
        Ok(Auth { kind, headers })
    }

    /// Whether every request gets the same: no file is read and no token runs out.
    pub fn is_fixed(&self) -> bool {
        let kind = match &self.kind {
            Kind::None => true,
            Kind::Basic(basic) => basic.username_file.is_none() && basic.password_file.is_none(),
            Kind::Other(other) => other.credentials_file.is_none(),
            Kind::OAuth2(_) => false,
        };
        kind && self.headers.iter().all(|(_, values)| values.files.is_empty())
    }

    /// Adds the configured headers.
    pub fn add_headers(&self, headers: &mut HeaderMap) -> Result<(), HttpError> {
        for (name, values) in &self.headers {
            let mut add = |text: &str| {
                let value = HeaderValue::try_from(text).map_err(|_| HttpError::Header(name.to_string()))?;
                headers.append(name.clone(), value);
                Ok::<_, HttpError>(())
            };
            values.values.iter().try_for_each(|v| add(v))?;
            values.secrets.iter().try_for_each(|s| add(s.expose()))?;
            for path in &values.files {
                add(&read_file(path)?)?;
            }
        }
        Ok(())
    }

    /// The `Authorization` for a request, if there is one.
    pub fn authorization(&self) -> AuthorizationFuture<'_> {
        // Boxed, because fetching a token sends a request, which asks for its authorization.
        Box::pin(async move {
            match &self.kind {
                Kind::None => Ok(None),
                Kind::Basic(basic) => {
                    let user = given_or_file(&basic.username, basic.username_file.as_ref())?;
                    let password = secret_or_file(basic.password.as_ref(), basic.password_file.as_ref())?;
                    sensitive(&basic_value(&user, &password)).map(Some)
                }
                Kind::Other(other) => {
                    let credentials =
                        secret_or_file(other.credentials.as_ref(), other.credentials_file.as_ref())?;
                    sensitive(&format!("{} {credentials}", other.r#type)).map(Some)
                }
                Kind::OAuth2(source) => source.header().await.map(Some),
            }
        })
    }
}

impl TokenSource {
    fn new(oauth2: &OAuth2, config: &HttpClientConfig, clock: &Clock) -> Result<TokenSource, HttpError> {
        no_reference(&[&oauth2.client_secret_ref, &oauth2.client_certificate_key_ref])?;
        if !matches!(oauth2.grant_type.as_str(), "" | "client_credentials") {
            let reason =
                format!("oauth2 grant_type {:?} is not supported (client_credentials is)", oauth2.grant_type);
            return Err(HttpError::Credentials(reason));
        }
        let client_config = HttpClientConfig {
            tls_config: oauth2.tls_config.clone(),
            proxy: oauth2.proxy.clone(),
            enable_http2: config.enable_http2,
            ..HttpClientConfig::default()
        };
        Ok(TokenSource {
            config: oauth2.clone(),
            client: HttpClient::new(&client_config, clock)?,
            clock: clock.clone(),
            token: tokio::sync::Mutex::new(None),
        })
    }

    async fn header(&self) -> Result<HeaderValue, HttpError> {
        let config = &self.config;
        let secret = secret_or_file(config.client_secret.as_ref(), config.client_secret_file.as_ref())?;
        let mut token = self.token.lock().await;
        if let Some(kept) = &*token
            && kept.secret == secret
            && self.clock.monotonic() < kept.renew_at
        {
            return Ok(kept.header.clone());
        }
        let (header, lifetime) = self.fetch(&secret).await?;
        let renew_at = self.clock.monotonic() + lifetime.saturating_sub(RENEW_BEFORE);
        *token = Some(Token { header: header.clone(), secret, renew_at });
        Ok(header)
    }

    /// RFC 6749, section 4.4. The client shows itself in a header, and to servers that refuse that, in the form.
    async fn fetch(&self, secret: &str) -> Result<(HeaderValue, Duration), HttpError> {
        let fail = |reason: String| HttpError::Credentials(format!("oauth2: cannot fetch token: {reason}"));
        let url = Url::parse(&self.config.token_url).map_err(|e| fail(e.to_string()))?;
        let mut last = String::new();
        for in_header in [true, false] {
            let request = self.request(url.clone(), secret, in_header)?;
            let (status, _, body) = self
                .client
                .fetch(request, TOKEN_TIMEOUT, TOKEN_BYTES_MAX)
                .await
                .map_err(|e| fail(e.to_string()))?;
            if status == StatusCode::OK {
                return answer(&body).map_err(fail);
            }
            let text = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
            last = format!("{status}: {text}");
        }
        Err(fail(last))
    }

    fn request(&self, url: Url, secret: &str, in_header: bool) -> Result<Request, HttpError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !self.config.scopes.is_empty() {
            form.append_pair("scope", &self.config.scopes.join(" "));
        }
        for (name, value) in &self.config.endpoint_params {
            form.append_pair(name, value);
        }
        if !in_header {
            form.append_pair("client_id", &self.config.client_id).append_pair("client_secret", secret);
        }
        let request = Request::post(url, "application/x-www-form-urlencoded", form.finish());
        if !in_header {
            return Ok(request);
        }
        // Section 2.3.1: both parts are form-encoded before they are joined.
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request.header("authorization", &basic_value(&encode(&self.config.client_id), &encode(secret)))
    }
}

/// The header and the lifetime that a token answer gives (RFC 6749, section 5.1).
fn answer(body: &[u8]) -> Result<(HeaderValue, Duration), String> {
    let answer: serde_json::Value = serde_json::from_slice(body).map_err(|e| format!("not JSON: {e}"))?;
    let token =
        answer["access_token"].as_str().filter(|t| !t.is_empty()).ok_or("no access_token in the answer")?;
    let kind = match answer["token_type"].as_str() {
        None | Some("") => "Bearer",
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => "Bearer",
        Some(kind) => kind,
    };
    // Some servers send the number as text.
    let seconds = answer["expires_in"].as_u64().or_else(|| answer["expires_in"].as_str()?.parse().ok());
    let lifetime = seconds.filter(|s| *s > 0).map_or(LIFETIME_UNKNOWN, Duration::from_secs);
    let header = sensitive(&format!("{kind} {token}")).map_err(|_| "the token is no header value")?;
    Ok((header, lifetime))
}

fn basic_value(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}

/// A header value that is never printed.
fn sensitive(text: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::try_from(text).map_err(|_| HttpError::Header("Authorization".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn no_reference(references: &[&String]) -> Result<(), HttpError> {
    match references.iter().any(|r| !r.is_empty()) {
        true => Err(HttpError::Credentials("references to a secret manager are not supported".to_owned())),
        false => Ok(()),
    }
}

fn given_or_file(given: &str, file: Option<&PathBuf>) -> Result<String, HttpError> {
    file.map_or(Ok(given.to_owned()), |path| read_file(path))
}

fn secret_or_file(given: Option<&Secret>, file: Option<&PathBuf>) -> Result<String, HttpError> {
    given_or_file(given.map_or("", Secret::expose), file)
}

fn read_file(path: &Path) -> Result<String, HttpError> {
    match disk::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(e) => Err(HttpError::Credentials(format!("cannot read {}: {e}", path.display()))),
    }
}
