//! What a dialler reads before its first attempt: trusted roots, our certificate and key. Never asks for a pass phrase.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore};

/// Why a broker cannot even be dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A file that cannot be read.
    #[error("cannot read '{path}': {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A file that is not what PEM should be.
    #[error("'{path}' is not a PEM file: {reason}")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file without certificates that can be used.
    #[error("'{0}' holds no certificate: it should be a PEM file with '-----BEGIN CERTIFICATE-----'")]
    NoCertificate(PathBuf),
    /// A file without a key that can be used.
    #[error(
        "'{0}' holds no private key in clear text: \
         decrypt or convert it with 'openssl pkey -in KEY -out PLAIN', then pass --key PLAIN"
    )]
    NoKey(PathBuf),
    /// A key of a kind that TLS does not know here.
    #[error("the key in '{path}' cannot be used: {reason}")]
    UnusableKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A certificate and the key of another.
    #[error(
        "the key in '{key}' does not belong to the certificate in '{certificate}': pass the pair as --cert and --key"
    )]
    KeyMismatch {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
    },
    /// The platform trusts nobody.
    #[error(
        "this host has no trusted root certificates{0}: install the package 'ca-certificates' or pass --cafile"
    )]
    NoPlatformRoots(String),
    /// A host that TLS cannot ask for.
    #[error("'{0}' cannot be the name in a certificate: use the broker's DNS name or address")]
    Host(String),
    /// A path that HTTP cannot ask for; it may hold secrets and is not repeated.
    #[error("the WebSocket path is not one: it must begin with '/' and be percent-encoded")]
    Path,
    /// TLS itself cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// The roots of `cafile` alone, or else those of the platform; and one more, if it is given.
pub(super) fn roots(
    cafile: Option<&Path>,
    also_trusted: Option<&'static str>,
) -> Result<RootCertStore, SetupError> {
    let mut store = match (cafile, also_trusted) {
        (Some(path), _) => file_roots(path)?,
        // What the program brings along needs no other root.
        (None, Some(_)) => RootCertStore::empty(),
        (None, None) => platform_roots()?,
    };
    let own = also_trusted.into_iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes()));
    store.add_parsable_certificates(own.filter_map(Result::ok));
    Ok(store)
}

fn file_roots(path: &Path) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    let (taken, _) = store.add_parsable_certificates(certificates(path)?);
    if taken == 0 {
        return Err(SetupError::NoCertificate(path.to_owned()));
    }
    Ok(store)
}

fn platform_roots() -> Result<RootCertStore, SetupError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (taken, _) = store.add_parsable_certificates(found.certs);
    if taken == 0 {
        let reason = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(SetupError::NoPlatformRoots(reason));
    }
    Ok(store)
}

/// Our certificate chain and its key.
pub(super) fn identity(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, SetupError> {
    let chain = certificates(certificate)?;
    let der = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => SetupError::NoKey(key.to_owned()),
        error => broken(key, error),
    })?;
    let signing = provider
        .key_provider
        .load_private_key(der)
        .map_err(|error| SetupError::UnusableKey { path: key.to_owned(), reason: error.to_string() })?;
    let pair = CertifiedKey::new(chain, Arc::clone(&signing));
    // Other errors mean that our side cannot read the certificate (X.509 v1): the broker decides about that.
    match pair.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(SetupError::KeyMismatch { certificate: certificate.to_owned(), key: key.to_owned() })
        }
        Ok(()) | Err(_) => Ok(pair),
    }
}

/// All certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let sections = CertificateDer::pem_file_iter(path).map_err(|error| broken(path, error))?;
    let found: Result<Vec<_>, _> = sections.collect();
    let found = found.map_err(|error| broken(path, error))?;
    if found.is_empty() {
        return Err(SetupError::NoCertificate(path.to_owned()));
    }
    Ok(found)
}

fn broken(path: &Path, error: pem::Error) -> SetupError {
    let path = path.to_owned();
    match error {
        pem::Error::Io(error) => SetupError::Unreadable { path, reason: error.to_string() },
        // The library's words would repeat lines of the file, which may be those of a key.
        pem::Error::MissingSectionEnd { .. } => {
            SetupError::NotPem { path, reason: "a section has no end".to_owned() }
        }
        pem::Error::IllegalSectionStart { .. } => {
            SetupError::NotPem { path, reason: "a section has no proper beginning".to_owned() }
        }
        _ => SetupError::NotPem { path, reason: "its base64 cannot be read".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{KeyPair, generate_simple_self_signed};
    use tokio_rustls::rustls::crypto::ring;

    use super::*;

    #[test]
    fn files_that_cannot_serve_are_refused_by_name_and_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = file("cert.pem", &made.cert.pem());
        let key = file("key.pem", &made.signing_key.serialize_pem());
        let other = file("other.pem", &KeyPair::generate().unwrap().serialize_pem());
        let sealed = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let sealed = file("sealed.pem", sealed);
        let unusable = file("unusable.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
        let missing = folder.path().join("missing.pem");

        let of = |certificate: &Path, key: &Path| {
            identity(certificate, key, &ring::default_provider())
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert_eq!(of(&certificate, &key), Ok(()));
        let rows = [
            (of(&certificate, &other), "other.pem' does not belong to the certificate in"),
            (of(&certificate, &sealed), "sealed.pem' holds no private key in clear text"),
            (of(&certificate, &unusable), "unusable.pem' cannot be used"),
            (of(&certificate, &missing), "missing.pem': No such file"),
            (of(&key, &key), "key.pem' holds no certificate"),
            (of(&broken, &key), "broken.pem' is not a PEM file: a section has no end"),
        ];
        for (result, part) in rows {
            let error = result.unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let error = roots(Some(&key), None).unwrap_err();
        assert_eq!(error, SetupError::NoCertificate(key));
    }
}
