//! The doctor's report, as text and as JSON.

use std::fmt;

use rmcp_resource_server::{
    CryptographicModule, TokenError,
    diagnose::{Check, Diagnosis, Outcome},
};
use serde::Serialize;

use super::fix::Fixes;
use crate::{config::DoctorConfig, telemetry::Printable};

/// The shape of the JSON.
#[derive(Serialize)]
pub(super) struct Report<'c> {
    healthy: bool,
    issuer: &'c str,
    resource: &'c str,
    verifier: &'static str,
    cryptographic_module: String,
    warnings: &'c [String],
    checks: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    about: About,
    check: &'static str,
    outcome: Outcome,
    found: String,
    wanted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum About {
    AuthorizationServer,
    Token,
}

impl<'c> Report<'c> {
    /// `problem` says why the token could not even be sent.
    pub(super) fn new(
        config: &'c DoctorConfig,
        diagnosis: &Diagnosis,
        problem: Option<&TokenError>,
    ) -> Self {
        let fixes = Fixes::new(&config.auth);
        let line = |about, check: &Check| Line {
            about,
            check: check.name,
            outcome: check.outcome,
            // Parts of these come from the authorization server or from a token.
            found: Printable(&check.found).to_string(),
            wanted: Printable(&check.wanted).to_string(),
            fix: fixes.fix(check).map(|fix| Printable(fix).to_string()),
        };
        let mut checks: Vec<_> = diagnosis
            .server
            .iter()
            .map(|check| line(About::AuthorizationServer, check))
            .collect();
        if let Some(problem) = problem {
            checks.push(Line {
                about: About::Token,
                check: "form",
                outcome: Outcome::Failed,
                found: problem.to_string(),
                wanted: "the text of one token, and nothing else".to_owned(),
                fix: Some(fixes.of_token(problem)),
            });
        }
        let of_token = diagnosis.token.iter();
        checks.extend(of_token.map(|check| line(About::Token, check)));
        Self {
            healthy: diagnosis.is_healthy() && problem.is_none(),
            issuer: config
                .auth
                .resource_server
                .authorization_server
                .issuer
                .as_str(),
            resource: config.auth.resource_server.resource.as_str(),
            verifier: config.auth.verifier.name(),
            cryptographic_module: CryptographicModule::linked().to_string(),
            warnings: &config.warnings,
            checks,
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.healthy
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and booleans are JSON")
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let (issuer, verifier) = (self.issuer, self.verifier);
        writeln!(f, "cryptographic module {}", self.cryptographic_module)?;
        writeln!(f, "authorization server {issuer}, verifier {verifier}")?;
        let mut about = About::AuthorizationServer;
        for line in &self.checks {
            if line.about != about {
                about = line.about;
                writeln!(f, "token for {}", self.resource)?;
            }
            write!(f, "{line}")?;
        }
        let count = |outcome| {
            let checks = self.checks.iter();
            checks.filter(|line| line.outcome == outcome).count()
        };
        match (count(Outcome::Failed), count(Outcome::Warning)) {
            (0, 0) => writeln!(f, "all is well"),
            (0, 1) => writeln!(f, "no check failed, 1 warning"),
            (0, warnings) => writeln!(f, "no check failed, {warnings} warnings"),
            (1, _) => writeln!(f, "1 check failed"),
            (failed, _) => writeln!(f, "{failed} checks failed"),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            check,
            outcome,
            found,
            wanted,
            ..
        } = self;
        writeln!(f, "  {outcome:<7}  {check:<13}  {found}")?;
        if *outcome != Outcome::Passed {
            writeln!(f, "           {:<13}  wanted: {wanted}", "")?;
        }
        match &self.fix {
            Some(fix) => writeln!(f, "           {:<13}  mend: {fix}", ""),
            None => Ok(()),
        }
    }
}
