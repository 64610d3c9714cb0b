//! What opens the circuit breaker, and how soon it closes.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{TestServer, altered, eventually, fake_with_good_token, spawn_server};

/// A fake that knows every token beginning with `good`.
fn fake_with_good_tokens(count: usize) -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    for number in 0..count {
        fake.answer_token(&format!("good{number}"), altered(&fake, json!({})));
    }
    fake
}

fn is_open(server: &TestServer) -> bool {
    server.metric("resource_server_circuit_open") > 0.5
}

/// Calls until the circuit is open, and returns the number of calls.
async fn open_the_circuit(server: &TestServer) -> usize {
    for number in 0..100 {
        if is_open(server) {
            return number;
        }
        let answer = server.call(&format!("down{number}")).await;
        answer.assert_unavailable("down");
    }
    panic!("the circuit opens some time");
}

#[tokio::test]
async fn rs_62_breaker_ignores_4xx_and_a_plain_500() {
    for status in [400, 401, 403, 404, 500, 501] {
        let fake = fake_with_good_token();
        fake.answer_by_default(Reply::status(status));
        let server = spawn_server(&fake, |_| {});
        for number in 0..15 {
            let answer = server.call(&format!("t{number}")).await;
            answer.assert_unavailable(&status.to_string());
            assert_eq!(fake.introspection_count(), number + 1, "{status}");
        }
        server.call("good").await.assert_served("another token");
    }
    let fake = FakeAuthorizationServer::start();
    let unsupported = json!({"error": "unsupported_token_type"});
    fake.answer_by_default(Reply::json(400, &unsupported));
    let server = spawn_server(&fake, |_| {});
    for number in 0..15 {
        let answer = server.call(&format!("t{number}")).await;
        answer.assert_invalid_token("unsupported_token_type");
        assert_eq!(fake.introspection_count(), number + 1);
    }
}

/// The server answers our own question about a random text, so it is not down, whatever it does
/// with one client's tokens.
#[tokio::test]
async fn rs_62_no_token_of_a_stranger_opens_the_circuit() {
    const GOOD: usize = 20;
    for (case, reply) in [
        ("500", Reply::status(500)),
        ("503", Reply::status(503)),
        ("reset", Reply::reset()),
        ("silence", Reply::status(200).after(Duration::from_secs(60))),
    ] {
        let fake = fake_with_good_tokens(GOOD);
        for number in 0..40 {
            fake.answer_token(&format!("eyJ.{number}.x"), reply.clone());
        }
        let server = spawn_server(&fake, |setup| {
            setup.introspection.authorization_server.timeout = Duration::from_secs(2);
        });
        let flood = join_all((0..40).map(|number| {
            let server = &server;
            async move {
                sleep(Duration::from_millis(50) * number).await;
                server.call(&format!("eyJ.{number}.x")).await
            }
        }));
        let honest = async {
            for number in 0..GOOD {
                sleep(Duration::from_millis(100)).await;
                let answer = server.call(&format!("good{number}")).await;
                answer.assert_served(case);
            }
        };
        let (refused, ()) = tokio::join!(flood, honest);
        for answer in refused {
            answer.assert_unavailable(case);
        }
    }
}

#[tokio::test]
async fn rs_62_breaker_opens_when_the_server_is_down_and_closes_at_the_first_answer() {
    for status in [502, 503, 504] {
        let fake = fake_with_good_tokens(1);
        fake.answer_by_default(Reply::status(status));
        let server = spawn_server(&fake, |_| {});
        let calls = open_the_circuit(&server).await;
        assert!(calls >= 3, "not opened by a mishap or two");
        let begun = Instant::now();
        for number in 0..20 {
            let answer = server.call(&format!("refused{number}")).await;
            assert_eq!(answer.assert_unavailable("open"), 1);
        }
        let asked = fake.introspections();
        let passed = asked.iter().filter(|request| {
            let token = request.form_value("token");
            token.is_some_and(|token| token.starts_with("refused"))
        });
        let seconds = begun.elapsed().as_secs() + 1;
        let trials = u64::try_from(passed.count()).expect("a few");
        assert!(trials <= 2 * seconds, "one trial each second");

        fake.answer_by_default(json!({"active": false}));
        let back = Instant::now();
        eventually("closed", async || !is_open(&server)).await;
        assert!(
            back.elapsed() < Duration::from_secs(2),
            "{:?}",
            back.elapsed()
        );
        server.call("good0").await.assert_served("closed");
    }
}

#[tokio::test]
async fn rs_62_our_own_questions_are_few_and_only_asked_while_the_server_is_down() {
    let fake = fake_with_good_tokens(20);
    let server = spawn_server(&fake, |_| {});
    for number in 0..20 {
        server
            .call(&format!("good{number}"))
            .await
            .assert_served("up");
    }
    assert_eq!(fake.introspection_count(), 20, "none while it is up");
    fake.answer_by_default(Reply::status(503));
    sleep(Duration::from_secs(1)).await;
    open_the_circuit(&server).await;
    let before = fake.introspection_count();
    sleep(Duration::from_secs(1)).await;
    let asked = fake.introspection_count() - before;
    assert!((2..=11).contains(&asked), "{asked} in a second");
}

#[tokio::test]
async fn rs_62_callers_of_a_server_that_never_answers_do_not_all_wait() {
    let fake = fake_with_good_tokens(0);
    let server = Arc::new(spawn_server(&fake, |_| {}));
    let gate = fake.hold_introspections();
    let begun = Instant::now();
    let first: Vec<_> = (0..3)
        .map(|number| {
            let server = server.clone();
            tokio::spawn(async move { server.call(&format!("first{number}")).await })
        })
        .collect();
    eventually("open", async || is_open(&server)).await;
    assert!(
        begun.elapsed() < Duration::from_millis(2500),
        "{:?}",
        begun.elapsed()
    );
    for number in 0..10 {
        let begun = Instant::now();
        let answer = server.call(&format!("then{number}")).await;
        answer.assert_unavailable("at once");
        assert!(
            begun.elapsed() < Duration::from_millis(500),
            "{:?}",
            begun.elapsed()
        );
    }
    for answer in first {
        answer.await.expect("no panic").assert_unavailable("hung");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "nobody waits to the end"
    );
    gate.open();
    eventually("closed", async || !is_open(&server)).await;
    server.call("unknown").await.assert_invalid_token("back");
}

/// At least 45 of 100 calls pass, where 50 could.
#[tokio::test]
async fn rs_62_a_server_that_fails_every_second_call_serves_the_other_half() {
    for (case, failure) in [
        ("500", Reply::status(500)),
        ("503", Reply::status(503)),
        ("reset", Reply::reset()),
    ] {
        let fake = FakeAuthorizationServer::start();
        let good = Reply::from(altered(&fake, json!({})));
        for _ in 0..500 {
            fake.answer_next(failure.clone());
            fake.answer_next(good.clone());
        }
        let server = spawn_server(&fake, |_| {});
        let mut served = 0;
        for number in 0..100 {
            let answer = server.call(&format!("t{number}")).await;
            served += u32::from(answer.status == 200);
        }
        assert!(served >= 45, "{case}: {served} of 100");
    }
}
