//! Clients whose proofs of possession are made by `oauth4webapi` (Node.js) and `requests_oauth2client`
//! (Python).

use std::process::{Command, Output};

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
        client
            .current_dir(&folder)
            .arg("dpop.mjs")
            .env("CONNECT", format!("http://{}", server.address()));
        let (seen, log) = (self.run(client, server), server.log());

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
        for (case, nonces) in [("thief", nonces), ("bearer", 0)] {
            // The scheme of the request comes first.
            let schemes = match (is_required, case) {
                (true, _) => json!(["dpop"]),
                (false, "thief") => json!(["dpop", "bearer"]),
                (false, _) => json!(["bearer", "dpop"]),
            };
            let refused = json!({
                "status": 401, "nonces": nonces, "schemes": schemes, "errors": ["invalid_token"],
            });
            assert_eq!(seen[case], refused, "{case}: {seen}");
        }
        Some(())
    }

    /// Likewise in Python, which must find the server at the URL of the resource.
    pub(crate) fn judges_from_python(&self, server: &Server, has_nonces: bool) -> Option<()> {
        let python = environment::installed("dpop/bin/python")?;
        let mut client = Command::new(python);
        client.arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/interop/dpop/client.py"
        ));
        let seen = self.run(client, server);
        let served = json!({"status": 200, "client": "machine-dpop"});
        let refused = json!({"status": 401, "errors": ["invalid_token"]});
        for (case, expected) in [
            ("type", &json!("dpop")),
            ("algorithm", &json!(self.alg)),
            ("nonce", &json!(has_nonces)),
            ("bound", &served),
            ("again", &served),
            ("refreshed", &served),
            ("thief", &refused),
            ("bearer", &refused),
        ] {
            assert_eq!(&seen[case], expected, "{case}: {seen}\n{}", server.log());
        }
        Some(())
    }

    /// What the client says that happened.
    fn run(&self, mut client: Command, server: &Server) -> Value {
        client.envs([
            ("ISSUER", self.issuer),
            ("URL", self.resource),
            ("SECRET", self.secret),
            ("SCOPE", self.scope),
            ("ALG", self.alg),
        ]);
        let output: Output = client.output().expect("it runs");
        let log = server.log();
        assert!(output.status.success(), "{}\n{log}", stderr(&output));
        serde_json::from_str(&stdout(&output)).expect("JSON")
    }
}
