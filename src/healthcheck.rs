//! The `healthcheck` subcommand: checks whether the server with this configuration is alive. For
//! container images, which contain no other program that could ask.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    time::Duration,
};

use crate::config::HttpConfig;

const PATIENCE: Duration = Duration::from_secs(2);

/// Asks for `/healthz`, at the admin address if there is one.
///
/// # Errors
///
/// Nothing answers within 2 s, or the status is not 200.
pub fn run(http: &HttpConfig) -> io::Result<()> {
    let address = reachable(address(http)?);
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("{address}: {error}"));
    let status = status_line(address).map_err(failed)?;
    match status.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(io::Error::other(format!("{address} answers {status:?}"))),
    }
}

fn address(http: &HttpConfig) -> io::Result<SocketAddr> {
    if let Some(admin) = http.admin_addr {
        return Ok(admin);
    }
    let host = http.host.trim_matches(['[', ']']);
    let mut addresses = (host, http.port).to_socket_addrs()?;
    addresses
        .next()
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The loopback address of a server that listens on every address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn status_line(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut beginning = Vec::new();
    stream.take(64).read_to_end(&mut beginning)?;
    let text = String::from_utf8_lossy(&beginning);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
