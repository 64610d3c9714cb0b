//! The certificates in a CA file or, if it has none, what it contains instead.

use reqwest::Certificate;

/// What a CA file contains instead of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaFileContent {
    /// Nothing, or only white space.
    #[error("it is empty")]
    Nothing,
    /// A private key, which does not belong in a file that many can read anyway.
    #[error(
        "it contains a private key; use the file with the CA's certificate (BEGIN CERTIFICATE)"
    )]
    PrivateKey,
    /// A public key alone.
    #[error("it contains a public key; use the file with the CA's certificate (BEGIN CERTIFICATE)")]
    PublicKey,
    /// A certificate signing request.
    #[error("it contains a certificate request; use the certificate that the CA issued for it")]
    CertificateRequest,
    /// OpenSSL's form of a certificate with trust settings.
    #[error(
        "it contains a certificate in OpenSSL's own format (BEGIN TRUSTED CERTIFICATE); convert it \
         with openssl x509 -in FILE -out FILE.pem"
    )]
    TrustedCertificate,
    /// PKCS#7 as PEM.
    #[error(
        "it contains certificates as PKCS#7; convert it with openssl pkcs7 -print_certs -in FILE \
         -out FILE.pem"
    )]
    Pkcs7,
    /// Any other PEM section.
    #[error(
        "it contains PEM of another kind; use the file with the CA's certificate (BEGIN \
         CERTIFICATE)"
    )]
    OtherPem,
    /// DER, as is common on Windows.
    #[error(
        "it contains binary data (DER), not text; convert a certificate with openssl x509 -inform \
         der -in FILE -out FILE.pem"
    )]
    Der,
    /// UTF-16, as written by Windows editors and PowerShell.
    #[error("it is UTF-16 text; save it as UTF-8 or ASCII")]
    Utf16,
    /// A certificate with a part missing or wrong.
    #[error("the certificate in it is damaged; copy the file again")]
    Damaged,
    /// Anything else.
    #[error("it contains something else; PEM begins with the line -----BEGIN CERTIFICATE-----")]
    Other,
}

/// The label after `BEGIN` in sections that people mistake for certificates, in search order.
const SECTIONS: [(&str, CaFileContent); 5] = [
    (
        "TRUSTED CERTIFICATE-----",
        CaFileContent::TrustedCertificate,
    ),
    (
        "CERTIFICATE REQUEST-----",
        CaFileContent::CertificateRequest,
    ),
    ("PRIVATE KEY-----", CaFileContent::PrivateKey),
    ("PUBLIC KEY-----", CaFileContent::PublicKey),
    ("PKCS7-----", CaFileContent::Pkcs7),
];

/// The certificates in `content`, at least one.
pub(super) fn certificates(content: &[u8]) -> Result<Vec<Certificate>, CaFileContent> {
    // Drops the parser's error, which may quote a line of the file.
    match Certificate::from_pem_bundle(content) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(instead(content)),
    }
}

fn instead(content: &[u8]) -> CaFileContent {
    if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        return CaFileContent::Utf16;
    }
    if content.trim_ascii().is_empty() {
        return CaFileContent::Nothing;
    }
    // A sequence of more than 127 bytes.
    if let [0x30, 0x81..=0x84, ..] = content {
        return CaFileContent::Der;
    }
    let text = String::from_utf8_lossy(content);
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return CaFileContent::Damaged;
    }
    if !text.contains("-----BEGIN ") {
        return CaFileContent::Other;
    }
    SECTIONS
        .into_iter()
        .find(|(section, _)| text.contains(section))
        .map_or(CaFileContent::OtherPem, |(_, found)| found)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_file_without_a_certificate_says_what_it_has() {
        let pair = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["ca.example".to_owned()]).expect("a name");
        let certificate = params.self_signed(&pair).expect("signed");
        let request = params.serialize_request(&pair).expect("a request");
        let pem = certificate.pem();
        let key = pair.serialize_pem();
        let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (content, found) in [
            (pem.clone().into_bytes(), None),
            (format!("\u{feff}comment\r\n{pem}").into_bytes(), None),
            (format!("{key}{pem}").into_bytes(), None),
            (Vec::new(), Some(CaFileContent::Nothing)),
            (b" \r\n".to_vec(), Some(CaFileContent::Nothing)),
            (key.into_bytes(), Some(CaFileContent::PrivateKey)),
            (
                pair.public_key_pem().into_bytes(),
                Some(CaFileContent::PublicKey),
            ),
            (
                request.pem().expect("PEM").into_bytes(),
                Some(CaFileContent::CertificateRequest),
            ),
            (
                pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE")
                    .into_bytes(),
                Some(CaFileContent::TrustedCertificate),
            ),
            (
                pem.replace("CERTIFICATE", "PKCS7").into_bytes(),
                Some(CaFileContent::Pkcs7),
            ),
            (
                pem.replace("CERTIFICATE", "X509 CRL").into_bytes(),
                Some(CaFileContent::OtherPem),
            ),
            (certificate.der().to_vec(), Some(CaFileContent::Der)),
            (
                [&[0xff, 0xfe], &*utf16].concat(),
                Some(CaFileContent::Utf16),
            ),
            (pem.as_bytes()[..100].to_vec(), Some(CaFileContent::Damaged)),
            (b"hunter2".to_vec(), Some(CaFileContent::Other)),
        ] {
            let read = certificates(&content);
            assert_eq!(read.err(), found, "{}", String::from_utf8_lossy(&content));
        }
    }
}
