//! TLS: whom we trust and who we are.
//!
//! With a `ca`, only certificates under it are trusted; without, those the system trusts. One thing is laxer than
//! the `webpki` library and as lax as Go: a server may show the very certificate that is configured as CA, which is
//! how many exporters are set up.

use super::HttpError;
use base::disk;
use promconfig::{TlsConfig, TlsVersion};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// When the files of a TLS configuration last changed: compared before each request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilesState(Vec<Option<(i64, u64)>>);

impl FilesState {
    pub fn read(config: &TlsConfig) -> FilesState {
        let state = |path: &PathBuf| Some((disk::modified_ms(path).ok()?, disk::len(path).ok()?));
        let files = [&config.ca_file, &config.cert_file, &config.key_file];
        FilesState(files.into_iter().flatten().map(state).collect())
    }
}

/// The client's side of TLS, without ALPN.
pub fn client_config(config: &TlsConfig) -> Result<ClientConfig, HttpError> {
    let fail = |reason: String| HttpError::TlsConfig(reason);
    if !config.ca_ref.is_empty() || !config.cert_ref.is_empty() || !config.key_ref.is_empty() {
        return Err(fail("references to a secret manager are not supported".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(config)?)
        .map_err(|e| fail(e.to_string()))?;
    let verifier: Arc<dyn ServerCertVerifier> = if config.insecure_skip_verify {
        Arc::new(NoVerifier(provider))
    } else {
        match text(&config.ca, config.ca_file.as_ref())? {
            Some(pem) => Arc::new(OwnRoots::new(certificates(&pem, "ca")?, provider)?),
            None => WebPkiServerVerifier::builder_with_provider(system_roots(), provider)
                .build()
                .map_err(|e| fail(e.to_string()))?,
        }
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let key = config.key.as_ref().map_or("", |k| k.expose());
    match (text(&config.cert, config.cert_file.as_ref())?, text(key, config.key_file.as_ref())?) {
        (Some(cert), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|e| fail(format!("key: not a PEM private key ({e})")))?;
            builder
                .with_client_auth_cert(certificates(&cert, "cert")?, key)
                .map_err(|e| fail(format!("cert and key: {e}")))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

/// The name to expect in the certificate instead of the address's, if one is configured.
pub fn server_name(config: &TlsConfig) -> Result<Option<ServerName<'static>>, HttpError> {
    if config.server_name.is_empty() {
        return Ok(None);
    }
    ServerName::try_from(config.server_name.clone())
        .map(Some)
        .map_err(|_| HttpError::TlsConfig(format!("server_name: {:?} is no host name", config.server_name)))
}

/// TLS 1.2 and 1.3 as the bounds allow. Older ones, no longer safe, are never spoken: a lower bound below 1.2 is 1.2.
fn versions(config: &TlsConfig) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, HttpError> {
    use rustls::version::{TLS12, TLS13};
    let mut versions = Vec::new();
    if config.min_version != Some(TlsVersion::Tls13) {
        versions.push(&TLS12);
    }
    if config.max_version.is_none_or(|v| v == TlsVersion::Tls13) {
        versions.push(&TLS13);
    }
    let too_old = matches!(config.max_version, Some(TlsVersion::Tls10 | TlsVersion::Tls11));
    if versions.is_empty() || too_old {
        return Err(HttpError::TlsConfig(
            "min_version and max_version leave neither TLS 1.2 nor 1.3".to_owned(),
        ));
    }
    Ok(versions)
}

/// What is given inline or in a file; `None` when neither is.
fn text(inline: &str, file: Option<&PathBuf>) -> Result<Option<String>, HttpError> {
    match file {
        _ if !inline.is_empty() => Ok(Some(inline.to_owned())),
        None => Ok(None),
        Some(path) => disk::read_to_string(path)
            .map(Some)
            .map_err(|e| HttpError::TlsConfig(format!("cannot read {}: {e}", path.display()))),
    }
}

fn certificates(pem: &str, field: &str) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let fail = |reason: String| HttpError::TlsConfig(format!("{field}: {reason}"));
    let all = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| fail(format!("not PEM certificates ({e})")))?;
    if all.is_empty() { Err(fail("no PEM certificate in it".to_owned())) } else { Ok(all) }
}

/// What the system trusts, read once.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            // A machine without certificates still reaches plain addresses; a verifier cannot be made of nothing.
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(load))
}

/// Trusts configured certificates: as authorities, or shown by the server itself.
#[derive(Debug)]
struct OwnRoots {
    inner: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl OwnRoots {
    fn new(
        certificates: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<OwnRoots, HttpError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|e| HttpError::TlsConfig(format!("ca: {e}")))?;
        Ok(OwnRoots { inner, certificates })
    }
}

impl ServerCertVerifier for OwnRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let result =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(rustls::Error::InvalidCertificate(reason)) = &result else { return result };
        // `webpki` checks the time of validity before it refuses an authority as server, so only that is forgiven.
        let as_authority = match reason {
            CertificateError::UnknownIssuer => true,
            CertificateError::Other(other) => other.to_string().contains("CaUsedAsEndEntity"),
            _ => false,
        };
        if as_authority && self.certificates.iter().any(|c| c.as_ref() == end_entity.as_ref()) {
            let parsed = ParsedCertificate::try_from(end_entity)?;
            rustls::client::verify_server_name(&parsed, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        result
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// `insecure_skip_verify`: whoever answers is believed. The handshake's signature is checked all the same.
#[derive(Debug)]
struct NoVerifier(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
