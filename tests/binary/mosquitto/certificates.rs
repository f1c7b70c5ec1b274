//! Certificates made for one test: a CA, what it signed, and a CA that nobody trusts.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};

/// Where they lie.
pub(crate) struct Certificates {
    pub(crate) ca: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) server_key: PathBuf,
    pub(crate) other_ca: PathBuf,
    pub(crate) client: PathBuf,
    pub(crate) client_key: PathBuf,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

impl Certificates {
    /// Writes `ca`, `server`, `expired` and `client` into `folder`. The server's is for `localhost` and `::1`, on purpose
    /// not for `127.0.0.1`.
    pub(crate) fn make(folder: &Path) -> Self {
        let (ca, other) = (issuer("test CA"), issuer("another CA"));
        std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
        std::fs::write(folder.join("other-ca.pem"), other.pem()).unwrap();
        let names = || vec!["localhost".to_owned(), "::1".to_owned()];
        sign(folder, "server", &ca, &leaf(names(), ExtendedKeyUsagePurpose::ServerAuth));
        let mut expired = leaf(names(), ExtendedKeyUsagePurpose::ServerAuth);
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        sign(folder, "expired", &ca, &expired);
        sign(folder, "client", &ca, &leaf(vec!["client".to_owned()], ExtendedKeyUsagePurpose::ClientAuth));
        Self {
            ca: folder.join("ca.pem"),
            server: folder.join("server.pem"),
            server_key: folder.join("server.key"),
            other_ca: folder.join("other-ca.pem"),
            client: folder.join("client.pem"),
            client_key: folder.join("client.key"),
        }
    }
}

fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(names: Vec<String>, purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![purpose];
    params
}

fn sign(folder: &Path, name: &str, issuer: &Issuer, params: &CertificateParams) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}
