//! A running nginx with the configuration of `deploy/nginx`.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};

use crate::environment::installed;

pub(crate) const HOST: &str = "mcp.example.com";
const SITE: &str = include_str!("../../../deploy/nginx/oscal-mcp-server.conf");

/// Terminates TLS for [`HOST`]. It is killed when dropped.
pub(crate) struct Nginx {
    process: Child,
    port: u16,
    ca: Certificate,
    _directory: tempfile::TempDir,
}

impl Nginx {
    /// In front of the server at `upstream`, with these changes to the site's text. `None` if nginx
    /// is not installed.
    pub(crate) fn start(upstream: &str, changes: &[(&str, &str)]) -> Option<Self> {
        let program = installed("nginx/usr/sbin/nginx")?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let ca = write_certificate(directory.path());
        let port = free_port();
        let listen = format!("listen 127.0.0.1:{port} ssl;");
        let mut site = SITE.to_owned();
        let places = [
            ("listen 443 ssl;", listen.as_str()),
            ("server 127.0.0.1:8000;", &format!("server {upstream};")),
            ("/etc/nginx/tls/mcp.example.com", "tls"),
        ];
        for (from, to) in places.iter().chain(changes) {
            assert!(site.contains(from), "{from} in deploy/nginx");
            site = site.replace(from, to);
        }
        fs::write(directory.path().join("site.conf"), site).expect("writable");
        fs::write(
            directory.path().join("nginx.conf"),
            include_str!("nginx.conf"),
        )
        .expect("writable");
        let process = Command::new(program)
            .args(["-c", "nginx.conf", "-e", "stderr", "-p"])
            .arg(directory.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let nginx = Self {
            process,
            port,
            ca,
            _directory: directory,
        };
        nginx.wait();
        Some(nginx)
    }

    fn wait(&self) {
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("nginx does not listen on {}", self.port);
    }

    /// A client for which this nginx is [`HOST`].
    pub(crate) fn client(&self, settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let builder = Client::builder()
            .no_proxy()
            .tls_certs_only([self.ca.clone()])
            .resolve(HOST, address)
            .redirect(Policy::none())
            .timeout(Duration::from_secs(20));
        settings(builder).build().expect("a client")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.port)
    }

    /// A call of the tool `about` at `path`.
    pub(crate) fn about(&self, client: &Client, path: &str) -> RequestBuilder {
        let body: Value = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                                 "params": {"name": "about", "arguments": {}}});
        client
            .post(self.url(path))
            .header("Accept", "application/json, text/event-stream")
            .json(&body)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Writes a certificate for [`HOST`] and its key. Returns the CA that signed it.
fn write_certificate(folder: &Path) -> Certificate {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let ca = CertifiedIssuer::self_signed(params, key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([HOST.to_owned()]).expect("a host name");
    let certificate = params.signed_by(&key, &ca).expect("signed");
    fs::write(folder.join("tls.pem"), certificate.pem()).expect("writable");
    fs::write(folder.join("tls.key"), key.serialize_pem()).expect("writable");
    Certificate::from_pem(ca.pem().as_bytes()).expect("a certificate")
}
