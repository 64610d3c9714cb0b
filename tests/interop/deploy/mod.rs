//! What is in `deploy/`, as far as it can be tried without a cluster.

mod flows;
mod kubernetes;
mod network_policy;
mod references;
mod render;
mod systemd;
