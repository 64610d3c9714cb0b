//! Which credentials are taken, and how the others are refused.

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use serde_json::{Value, json};

use crate::support::{
    Answer, Challenge, METADATA_URL, RESOURCE, SCOPE, Session, altered, fake_with_good_token,
    spawn_server, unix_now,
};

#[tokio::test]
async fn rs_01_bearer_scheme_is_case_insensitive() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let answer = server.call_with(format!("{scheme} good")).await;
        answer.assert_served(scheme);
        assert_eq!(answer.tool_result()["subject"], "alice", "{scheme}");
    }
}
