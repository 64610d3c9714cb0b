//! Starts Keycloak with `examples/keycloak/start`.

use std::{
    error::Error,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use url::Url;

/// Includes fetching the distribution and a first start on a slow machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// A running Keycloak. It stops when dropped.
pub(crate) struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // The script stops Keycloak when its standard input ends.
        drop(self.0.stdin.take());
        // Fails only if the process has already exited.
        let _ = self.0.wait();
    }
}

/// Starts Keycloak on the port of `issuer`, and waits until the realm is there.
pub(crate) async fn start(issuer: &str) -> Result<Started, Box<dyn Error>> {
    let url: Url = issuer.parse()?;
    if url.host_str() != Some("127.0.0.1") || url.scheme() != "http" {
        return Err(format!("--start is for http://127.0.0.1:PORT, not {issuer}").into());
    }
    let port = url.port_or_known_default().unwrap_or(8180);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/keycloak/start");
    println!("0. {} --port {port}", script.display());
    let mut started = Started(
        Command::new(script)
            .args(["--until-eof", "--port", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?,
    );
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = started.0.try_wait()? {
            return Err(format!("examples/keycloak/start: {status}").into());
        }
        let answer = http.get(issuer).send().await;
        if answer.is_ok_and(|response| response.status().is_success()) {
            return Ok(started);
        }
        if Instant::now() > deadline {
            return Err("Keycloak did not start in time".into());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
