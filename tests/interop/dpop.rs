//! A client whose proofs of possession `oauth4webapi` makes.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    environment,
    support::{Server, stderr, stdout},
};

/// The client's credentials and wishes.
pub(crate) struct ProvingClient<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) alg: &'a str,
}

impl ProvingClient<'_> {
    /// Gets tokens for `machine-dpop`, uses them in good ways and in bad ones, and judges the
    /// answers. `None` if it is not installed.
    pub(crate) fn judges(
        &self,
        server: &Server,
        is_required: bool,
        has_nonces: bool,
    ) -> Option<()> {
        let folder = environment::installed("node")?;
        let mut client = Command::new("node");
        client.current_dir(&folder).arg("dpop.mjs").envs([
            ("ISSUER", self.issuer),
            ("URL", self.resource),
            ("CONNECT", &format!("http://{}", server.address())),
            ("SECRET", self.secret),
            ("SCOPE", self.scope),
            ("ALG", self.alg),
        ]);
        let output = client.output().expect("node runs");
        let log = server.log();
        assert!(output.status.success(), "{}\n{log}", stderr(&output));
        let seen: Value = serde_json::from_str(&stdout(&output)).expect("JSON");

        let required = if is_required {
            json!(true)
        } else {
            json!(null)
        };
        assert_eq!(seen["required"], required, "{seen}");
        assert!(seen["algorithms"].to_string().contains(self.alg), "{seen}");
        assert_eq!(seen["type"], "dpop", "{seen}");
        let nonces = i32::from(has_nonces);
        for (case, nonces) in [("bound", nonces), ("again", 0), ("refreshed", 0)] {
            let served = json!({"status": 200, "nonces": nonces, "client": "machine-dpop"});
            assert_eq!(seen[case], served, "{case}: {seen}\n{log}");
        }
        let schemes = match is_required {
            true => json!(["dpop"]),
            false => json!(["bearer", "dpop"]),
        };
        for (case, nonces) in [("thief", nonces), ("bearer", 0)] {
            let refused = json!({
                "status": 401, "nonces": nonces, "schemes": schemes, "errors": ["invalid_token"],
            });
            assert_eq!(seen[case], refused, "{case}: {seen}");
        }
        Some(())
    }
}
