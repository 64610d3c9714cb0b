//! How many files the process may open; each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the server opens besides client connections: documents, the authorization server.
const OTHERS: u64 = 128;

/// Raises the soft limit as far as needed and allowed, and returns how many connections it permits.
pub(super) fn for_connections(wanted: usize) -> usize {
    let limits = getrlimit(Resource::Nofile);
    let needed = wanted as u64 + OTHERS;
    let Some(current) = limits.current.filter(|current| *current < needed) else {
        return wanted;
    };
    let raised = limits.maximum.map_or(needed, |maximum| maximum.min(needed));
    let limits = Rlimit {
        current: Some(raised),
        ..limits
    };
    let allowed = match setrlimit(Resource::Nofile, limits) {
        Ok(()) => raised,
        Err(_) => current,
    };
    if allowed >= needed {
        return wanted;
    }
    let connections = allowed.saturating_sub(OTHERS).max(1);
    tracing::warn!(
        connections,
        "allowing fewer connections than --max-connections (OSCAL_MCP_MAX_CONNECTIONS): the \
         process may have only {allowed} open files; raise the limit (ulimit -n, LimitNOFILE)"
    );
    usize::try_from(connections).unwrap_or(wanted)
}
