//! The two forms in which proxies pass a certificate on.

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::mtls::problem::CertificateProblem;

/// The longest header value, in bytes: ten times a usual one, and enough for keys and signatures that
/// resist quantum computers.
const LIMIT: usize = 16 * 1024;

/// The DER of the certificate in the value of a header: a byte sequence (`:MII...:`, RFC 9440 §2.1) or
/// URL-escaped PEM (nginx's `$ssl_client_escaped_cert`, Envoy's `%DOWNSTREAM_PEER_CERT%`). No value is
/// both, since one begins with a colon and the other with a hyphen.
pub(crate) fn der(value: &[u8]) -> Result<Vec<u8>, CertificateProblem> {
    if value.len() > LIMIT {
        return Err(CertificateProblem::TooLong { limit: LIMIT });
    }
    let der = match value.strip_prefix(b":") {
        Some(rest) => byte_sequence(rest),
        None => escaped_pem(value),
    };
    let der = der.map_err(CertificateProblem::Malformed)?;
    is_one_sequence(&der)
        .then_some(der)
        .ok_or(CertificateProblem::Malformed("what it contains is not DER"))
}

/// The rest of a byte sequence (RFC 8941 §3.3.5) after its first colon.
fn byte_sequence(rest: &[u8]) -> Result<Vec<u8>, &'static str> {
    let encoded = rest.strip_suffix(b":").ok_or("the last colon is missing")?;
    let decoded = BASE64_STANDARD.decode(encoded);
    decoded.map_err(|_may_quote_it| "what is between the colons is not base64")
}

/// Exactly one certificate. A client may put others into its handshake that are not its own, so
/// nothing is chosen from several.
fn escaped_pem(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    let pem: Vec<u8> = percent_decode(value).collect();
    let mut certificates = CertificateDer::pem_slice_iter(&pem);
    let only = match certificates.next() {
        Some(Ok(certificate)) => certificate,
        Some(Err(_may_quote_it)) => return Err("its PEM is damaged"),
        None => return Err("there is no certificate in it"),
    };
    match certificates.next() {
        None => Ok(only.to_vec()),
        Some(_) => Err("there is more than one certificate in it"),
    }
}

/// Whether this is one DER sequence and nothing else, as every certificate is (RFC 5280 §4.1). More
/// need not be known: its hash is compared with one that the authorization server took of the whole.
fn is_one_sequence(der: &[u8]) -> bool {
    let (length, content) = match der {
        [0x30, 0x81, length, content @ ..] => (usize::from(*length), content),
        [0x30, 0x82, high, low, content @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), content)
        }
        _ => return false,
    };
    content.len() == length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// A certificate as DER and as PEM.
    fn certificate() -> (Vec<u8>, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["client.example".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        (certificate.der().to_vec(), certificate.pem())
    }

    /// As nginx escapes: everything but letters, digits, `-`, `.`, `_` and `~`.
    fn escaped(text: &str) -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-")
    }

    #[test]
    fn both_forms_give_the_der_and_nothing_else_does() {
        let (der_of, pem) = certificate();
        let base64 = BASE64_STANDARD.encode(&der_of);
        let once = escaped(&pem);
        for good in [
            format!(":{base64}:"),
            once.clone(),
            once.replace("%2B", "%2b").replace("%0A", "%0a"),
            // As load balancers do it that escape less.
            pem.replace('\n', "%0A").replace(' ', "%20"),
            pem.replace('\n', "%0D%0A"),
        ] {
            assert_eq!(der(good.as_bytes()).as_deref(), Ok(&*der_of), "{good}");
        }
        for bad in [
            String::new(),
            ":".to_owned(),
            "::".to_owned(),
            ":MA==:".to_owned(),
            "-".to_owned(),
            base64.clone(),
            format!(":{base64}"),
            format!("{base64}:"),
            format!(":{base64}:;a=b"),
            format!(":{base64}:, :{base64}:"),
            format!(":{}:", BASE64_STANDARD.encode(&pem)),
            format!(":{}:", BASE64_STANDARD.encode([&*der_of, b"x"].concat())),
            format!(":{}:", BASE64_STANDARD.encode(&der_of[..der_of.len() - 1])),
            format!(":{base64} :"),
            pem.replace('\n', " "),
            pem.replace('\n', ""),
            escaped(&once),
            once[..once.len() / 2].to_owned(),
            format!("{once}{once}"),
            once.replace("CERTIFICATE", "PUBLIC%20KEY"),
            format!("By=a;Hash=00;Cert=\"{once}\""),
        ] {
            assert!(
                matches!(der(bad.as_bytes()), Err(CertificateProblem::Malformed(_))),
                "{bad}"
            );
        }
        let longest = "-".repeat(LIMIT);
        assert!(matches!(
            der(longest.as_bytes()),
            Err(CertificateProblem::Malformed(_))
        ));
        let longer = format!("{longest}-");
        let too_long = CertificateProblem::TooLong { limit: LIMIT };
        assert_eq!(der(longer.as_bytes()), Err(too_long));
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_panic(
            value in prop::collection::vec(any::<u8>(), 0..80),
            text in ":[A-Za-z0-9+/=]{0,60}:?|-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9%/]{0,60}(%0A-----END%20CERTIFICATE-----)?",
        ) {
            // What is found is one sequence, so nothing that short is a certificate of two bytes.
            for value in [&*value, text.as_bytes()] {
                if let Ok(der) = der(value) {
                    prop_assert_eq!(der[0], 0x30);
                }
            }
        }

        #[test]
        fn what_is_der_comes_back_in_both_forms(content in prop::collection::vec(any::<u8>(), 128..2000)) {
            let length = u16::try_from(content.len()).expect("short").to_be_bytes();
            let whole = match length {
                [0, low] => [&[0x30, 0x81, low], &*content].concat(),
                [high, low] => [&[0x30, 0x82, high, low], &*content].concat(),
            };
            let base64 = BASE64_STANDARD.encode(&whole);
            let sequence = format!(":{base64}:");
            prop_assert_eq!(der(sequence.as_bytes()), Ok(whole.clone()));
            let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
            prop_assert_eq!(der(escaped(&pem).as_bytes()), Ok(whole));
        }
    }
}
