//! What happens when the authorization server fails.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use rmcp_resource_server::{Clock, SystemClock};
use serde_json::json;
use tokio::time::Instant;
use tracing::Level;

use crate::support::{
    Fate, Forwarder, Logs, TestClock, altered, fake_with_good_token, spawn_server,
};

const SHORT: Duration = Duration::from_millis(500);

fn silence() -> Reply {
    Reply::status(200).after(Duration::from_secs(60))
}

#[tokio::test]
async fn rs_40_rejected_own_credentials_are_503() {
    for status in [401, 403] {
        let fake = fake_with_good_token();
        fake.answer_next(Reply::json(status, &json!({"error": "invalid_client"})));
        let logs = Logs::default();
        let server = spawn_server(&fake, |setup| {
            setup.logs = Some(logs.subscriber(Level::INFO));
        });
        server.call("good").await.assert_unavailable("refused");
        assert_eq!(fake.introspection_count(), 1);
        let errors = logs.lines(Level::ERROR, "refuses our client credentials");
        assert_eq!(errors.len(), 1, "{}", logs.text());
        for line in [
            "resource_server_introspections_total{outcome=\"credentials_refused\"}",
            "resource_server_requests_unavailable_total{reason=\"credentials_refused\"}",
        ] {
            let value = server.metric(line);
            assert!(
                (value - 1.0).abs() < 0.5,
                "{line}: {}",
                server.metrics_text()
            );
        }
        server.call("good").await.assert_served("not remembered");
    }
}

#[tokio::test]
async fn rs_57_failures_are_never_cached() {
    for (case, failure, times) in [
        ("silent", silence(), 1),
        ("500", Reply::status(500), 1),
        ("503", Reply::status(503), 2),
        ("malformed", Reply::html(), 1),
        ("401", Reply::status(401), 1),
        ("404", Reply::status(404), 1),
        ("redirect", Reply::redirect(307, "http://127.0.0.1:1/"), 1),
        ("reset", Reply::reset(), 2),
    ] {
        let fake = fake_with_good_token();
        for _ in 0..times {
            fake.answer_next(failure.clone());
        }
        let server = spawn_server(&fake, |setup| {
            setup.introspection.authorization_server.timeout = SHORT;
        });
        server.call("good").await.assert_unavailable(case);
        assert_eq!(fake.introspection_count(), times, "{case}");
        server.call("good").await.assert_served(case);
        assert_eq!(fake.introspection_count(), times + 1, "{case}");
    }
}

#[tokio::test]
async fn rs_60_as_failure_is_503_and_never_accepts() {
    let mut bodies = Vec::new();
    for (case, failure) in [
        ("silent", silence()),
        ("stalling", Reply::huge(100).stalling()),
        ("500", Reply::status(500)),
        ("502", Reply::status(502)),
        ("malformed", Reply::html()),
    ] {
        let fake = FakeAuthorizationServer::start();
        fake.answer_by_default(failure);
        let server = spawn_server(&fake, |setup| {
            setup.introspection.authorization_server.timeout = SHORT;
        });
        let answer = server.call("t").await;
        assert!(answer.assert_unavailable(case) >= 1);
        bodies.push(answer.json());
    }
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    fake.stop().await;
    let answer = server.call("t").await;
    answer.assert_unavailable("the port is closed");
    bodies.push(answer.json());
    for body in &mut bodies {
        body["request_id"] = json!(null);
    }
    assert!(
        bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "{bodies:?}"
    );
}

#[tokio::test]
async fn rs_60_a_cached_token_lives_out_its_time_while_the_server_is_down() {
    let fake = fake_with_good_token();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    server.call("good").await.assert_served("up");
    fake.stop().await;
    clock.advance(Duration::from_secs(29));
    server.call("good").await.assert_served("down, remembered");
    clock.advance(Duration::from_secs(1));
    server
        .call("good")
        .await
        .assert_unavailable("no longer remembered");
    server.call("other").await.assert_unavailable("never seen");
    fake.restart();
    server.call("good").await.assert_served("up again");
}

#[tokio::test]
async fn rs_61_timeouts_and_one_retry() {
    for (case, replies, calls, served) in [
        ("502 once", vec![Reply::status(502)], 2, true),
        ("503 once", vec![Reply::status(503)], 2, true),
        ("504 once", vec![Reply::status(504)], 2, true),
        ("reset once", vec![Reply::reset()], 2, true),
        ("503 twice", vec![Reply::status(503); 2], 2, false),
        ("reset twice", vec![Reply::reset(); 2], 2, false),
        ("500", vec![Reply::status(500)], 1, false),
        ("400", vec![Reply::status(400)], 1, false),
        ("malformed", vec![Reply::html()], 1, false),
    ] {
        let fake = fake_with_good_token();
        for reply in replies {
            fake.answer_next(reply);
        }
        let server = spawn_server(&fake, |_| {});
        let answer = server.call("good").await;
        if served {
            answer.assert_served(case);
        } else {
            answer.assert_unavailable(case);
        }
        assert_eq!(fake.introspection_count(), calls, "{case}");
    }
}

#[tokio::test]
async fn rs_61_a_silent_server_costs_the_timeout_and_no_more() {
    // This answer comes so late that too little time is left for the retry to be answered.
    let retried = Reply::status(503).after(SHORT / 2);
    for (case, replies, calls) in [
        ("silent", vec![silence()], 1),
        ("stalling", vec![Reply::huge(100).stalling()], 1),
        ("byte by byte", vec![Reply::huge(100).slowly(SHORT)], 1),
        ("503, then silent", vec![retried, silence()], 2),
    ] {
        let fake = fake_with_good_token();
        for reply in replies {
            fake.answer_next(reply);
        }
        let server = spawn_server(&fake, |setup| {
            setup.introspection.authorization_server.timeout = SHORT;
        });
        let begun = Instant::now();
        server.call("good").await.assert_unavailable(case);
        let took = begun.elapsed();
        assert!(took >= SHORT, "{case}: {took:?}");
        assert!(took < Duration::from_secs(5), "{case}: {took:?}");
        assert_eq!(fake.introspection_count(), calls, "{case}");
    }
}

#[tokio::test]
async fn rs_61_a_first_connection_that_breaks_is_made_again() {
    let fake = fake_with_good_token();
    let first_breaks = |number| match number {
        0 => Fate::Reset,
        _ => Fate::Forwarded,
    };
    let forwarder = Forwarder::start(fake.address(), first_breaks).await;
    let server = spawn_server(&fake, |setup| {
        let endpoint = format!("http://{}/introspect", forwarder.address);
        setup.introspection.endpoint = Some(endpoint.parse().expect("an endpoint"));
    });
    server.call("good").await.assert_served("second connection");
    assert_eq!(forwarder.connections(), 2);
    assert_eq!(fake.introspection_count(), 1);
}

#[tokio::test]
async fn rs_63_rate_limit_passes_retry_after_on() {
    let at = SystemClock.now() + Duration::from_secs(17);
    let date = httpdate::fmt_http_date(at);
    for (value, expected) in [
        (Some("17"), 17..=17),
        (Some(date.as_str()), 13..=17),
        (Some("0"), 1..=1),
        (Some("soon"), 1..=60),
        (Some("-5"), 1..=60),
        (Some("99999999999999999999"), 1..=300),
        (None, 1..=60),
    ] {
        let fake = FakeAuthorizationServer::start();
        let mut reply = Reply::status(429);
        if let Some(value) = value {
            reply = reply.with_header("Retry-After", value);
        }
        fake.answer_by_default(reply);
        let server = spawn_server(&fake, |_| {});
        let seconds = server.call("t").await.assert_unavailable("limited");
        assert!(expected.contains(&seconds), "{value:?}: {seconds}");
        assert_eq!(fake.introspection_count(), 1);
    }
}

#[tokio::test]
async fn rs_63_no_call_before_the_time_is_over() {
    let fake = fake_with_good_token();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    server.call("good").await.assert_served("before");
    fake.answer_next(Reply::status(429).with_header("Retry-After", "30"));
    assert_eq!(server.call("t").await.assert_unavailable("limited"), 30);
    assert_eq!(fake.introspection_count(), 2);
    clock.advance(Duration::from_secs(20));
    for token in ["t", "other"] {
        let left = server.call(token).await.assert_unavailable("held off");
        assert_eq!(left, 10, "{token}");
    }
    server.call("good").await.assert_served("remembered");
    clock.set_back(Duration::from_secs(3600));
    let left = server
        .call("t")
        .await
        .assert_unavailable("by no wall clock");
    assert_eq!(left, 10);
    assert_eq!(fake.introspection_count(), 2, "not asked meanwhile");
    clock.advance(Duration::from_secs(10));
    server.call("t").await.assert_invalid_token("asked again");
    assert_eq!(fake.introspection_count(), 3);
}

#[tokio::test]
async fn an_authorization_server_that_goes_away_and_comes_back_is_used_again() {
    let fake = fake_with_good_token();
    fake.answer_token("other", altered(&fake, json!({})));
    let server = spawn_server(&fake, |_| {});
    server.call("good").await.assert_served("up");
    fake.stop().await;
    server.call("other").await.assert_unavailable("away");
    fake.restart();
    server.call("other").await.assert_served("back");
}
