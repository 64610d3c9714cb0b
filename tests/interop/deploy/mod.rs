//! The contents of `deploy/`, as far as they can be tested without a cluster.

mod chart;
mod flows;
mod kubernetes;
mod network_policy;
mod references;
mod render;
mod systemd;
