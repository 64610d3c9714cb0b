//! TLS in front of a plain server, with certificates from a private CA.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::CryptoProvider,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    },
};

/// A certificate authority that nobody knows.
pub(crate) struct TestCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) file: NamedTempFile,
}

/// Terminates TLS for one host name and forwards to a plain port.
pub(crate) struct TlsFront {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

impl TestCa {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), issuer.pem()).expect("writable");
        Self { issuer, file }
    }

    /// A client's certificate and its key, as PEM.
    pub(crate) fn client_certificate(&self) -> (String, String) {
        let (certificate, key) = self.certificate("client.example");
        (certificate.pem(), key.serialize_pem())
    }

    fn certificate(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a host name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        (certificate, key)
    }

    fn server_config(&self, host: &str, of_clients: Option<&Self>) -> ServerConfig {
        let (certificate, key) = self.certificate(host);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let clients = match of_clients {
            Some(ca) => ca.client_verifier(),
            None => WebPkiClientVerifier::no_client_auth(),
        };
        ServerConfig::builder()
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("key and certificate fit")
    }

    fn client_verifier(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("a CA");
        let verifier = WebPkiClientVerifier::builder(roots.into()).build();
        verifier.expect("a CA")
    }
}

impl TlsFront {
    /// Presents a certificate from `ca` for `host`.
    pub(crate) async fn start(ca: &TestCa, host: &str, to: SocketAddr) -> Self {
        Self::serve(ca.server_config(host, None), to).await
    }

    /// The same, and knows only the cipher suites and groups of this provider.
    pub(crate) async fn knowing(
        provider: CryptoProvider,
        ca: &TestCa,
        host: &str,
        to: SocketAddr,
    ) -> Self {
        let (certificate, key) = ca.certificate(host);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("suites of TLS 1.2 or 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("key and certificate fit");
        Self::serve(config, to).await
    }

    /// Presents a self-signed certificate for `localhost`, which is also in the file: a CA's, as
    /// `openssl req -x509` makes it, or a server's.
    pub(crate) async fn self_signed(is_ca: bool, to: SocketAddr) -> (Self, NamedTempFile) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a host name");
        params.is_ca = match is_ca {
            true => IsCa::Ca(BasicConstraints::Unconstrained),
            false => IsCa::ExplicitNoCa,
        };
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), certificate.pem()).expect("writable");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("key and certificate fit");
        (Self::serve(config, to).await, file)
    }

    /// The same, but only for clients that present a certificate from `of_clients`.
    pub(crate) async fn demanding(
        ca: &TestCa,
        host: &str,
        of_clients: &TestCa,
        to: SocketAddr,
    ) -> Self {
        Self::serve(ca.server_config(host, Some(of_clients)), to).await
    }

    async fn serve(config: ServerConfig, to: SocketAddr) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut client = acceptor.accept(client).await?;
                    let mut server = TcpStream::connect(to).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { port, task }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}
