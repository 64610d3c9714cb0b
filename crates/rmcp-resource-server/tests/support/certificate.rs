//! A client's certificate, as a proxy passes it on.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use dev_authorization_server::FakeAuthorizationServer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::altered;

/// A certificate that nobody signed: what counts is that it is the same.
pub(crate) struct ShownCertificate {
    der: Vec<u8>,
    pem: String,
}

impl ShownCertificate {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["client.example".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
        }
    }

    /// `x5t#S256` (RFC 8705 §3.1).
    pub(crate) fn thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.der))
    }

    /// As a byte sequence (RFC 9440).
    pub(crate) fn sequence(&self) -> String {
        format!(":{}:", BASE64_STANDARD.encode(&self.der))
    }

    /// As nginx escapes it.
    pub(crate) fn escaped(&self) -> String {
        utf8_percent_encode(&self.pem, NON_ALPHANUMERIC).to_string()
    }

    /// Lets `fake` know this token as one of `alice` that is bound to the certificate, except for
    /// these changes to its claims.
    pub(crate) fn bind(&self, fake: &FakeAuthorizationServer, token: &str, changes: Value) {
        let mut changes = changes;
        if changes["cnf"].is_null() {
            changes["cnf"] = json!({"x5t#S256": self.thumbprint()});
        }
        fake.answer_token(token, altered(fake, changes));
    }
}
