//! A FIPS build in a program that gives TLS another cryptography. A test binary of its own, because that
//! holds for the whole process.

use rmcp_resource_server::{
    ClientCredentials, CryptographicModule, IntrospectionConfig, IntrospectionVerifier, NotFips,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider,
    aws_lc_rs::{ALL_CIPHER_SUITES, default_provider},
};

#[tokio::test]
async fn a_fips_build_does_not_start_with_tls_that_fips_does_not_allow() {
    let provider = CryptoProvider {
        cipher_suites: ALL_CIPHER_SUITES.to_vec(),
        ..default_provider()
    };
    provider
        .install_default()
        .expect("the first in this process");
    assert_eq!(CryptographicModule::require(), Err(NotFips::Tls));
    let issuer = "https://as.example".parse().expect("an issuer");
    let config = IntrospectionConfig::new(issuer, ClientCredentials::secret_basic("mcp", "hush"));
    let error = IntrospectionVerifier::start(config).expect_err("refused");
    assert_eq!(error.to_string(), NotFips::Tls.to_string());
}
