//! Pooled connections that a load balancer or a lost node dropped.

use std::time::Duration;

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{
    Fate, Forwarder, Stale, TestServer, altered, fake_with_good_token, spawn_server,
};

const POOLED: usize = 24;

/// A server whose pool holds [`POOLED`] connections through the forwarder.
async fn with_full_pool(fake: &FakeAuthorizationServer) -> (TestServer, Forwarder) {
    let active = Reply::from(altered(fake, json!({})));
    fake.answer_by_default(active);
    let forwarder = Forwarder::start(fake.address(), |_| Fate::Forwarded).await;
    let server = spawn_server(fake, |setup| {
        let endpoint = format!("http://{}/introspect", forwarder.address);
        setup.introspection.endpoint = Some(endpoint.parse().expect("an endpoint"));
    });
    let gate = fake.hold_introspections();
    let filling = join_all((0..POOLED).map(|number| {
        let server = &server;
        async move { server.call(&format!("filling{number}")).await }
    }));
    let release = async {
        fake.wait_for_introspections(POOLED).await;
        gate.open();
    };
    let (answers, ()) = tokio::join!(filling, release);
    for answer in answers {
        answer.assert_served("filling the pool");
    }
    assert_eq!(forwarder.connections(), POOLED);
    (server, forwarder)
}

#[tokio::test]
async fn rs_68_stale_connections_cost_nobody_an_answer() {
    for how in [Stale::Reset, Stale::Closed, Stale::Silent] {
        let fake = fake_with_good_token();
        let (server, forwarder) = with_full_pool(&fake).await;
        forwarder.make_stale(how);
        let begun = Instant::now();
        for number in 0..10 {
            let answer = server.call(&format!("later{number}")).await;
            answer.assert_served(&format!("{how:?} {number}"));
        }
        // The first call may have to wait to find out; after that the whole pool is gone.
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{how:?}: {:?}",
            begun.elapsed()
        );
        assert!(
            server.metric("resource_server_circuit_open") < 0.5,
            "{how:?}"
        );
    }
}

#[tokio::test]
async fn rs_68_many_callers_at_once_survive_a_pool_of_stale_connections() {
    for how in [Stale::Reset, Stale::Silent] {
        let fake = fake_with_good_token();
        let (server, forwarder) = with_full_pool(&fake).await;
        forwarder.make_stale(how);
        let calls = (0..POOLED).map(|number| {
            let server = &server;
            async move { server.call(&format!("later{number}")).await }
        });
        for answer in join_all(calls).await {
            answer.assert_served(&format!("{how:?}"));
        }
    }
}

#[tokio::test]
async fn rs_68_a_half_sent_answer_is_asked_for_again_on_a_new_connection() {
    let fake = fake_with_good_token();
    let (server, forwarder) = with_full_pool(&fake).await;
    fake.answer_next(Reply::huge(1000).truncated());
    server.call("later").await.assert_served("asked again");
    assert_eq!(forwarder.connections(), POOLED + 1);
}
