//! Finds options that have no effect in the chosen mode: whoever set them probably expects one.

use crate::options::{self, CLIENT_SECRET_VARIABLE, Given};

/// How tokens are verified.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Introspection,
    Jwt,
    Userinfo,
}

/// A mode in which some options have no effect.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// Nothing is authorized over standard input and output.
    StdioAuthorization,
    Stdio,
    WithoutSessions,
    Authorized,
    NotIntrospection,
    NotJwt,
    NotUserinfo,
    Userinfo,
    /// The client authenticates with a key, or not at all.
    WithoutSecret,
    WithoutScopes,
    WithoutAudit,
    WithoutAdmin,
    WithoutLogout,
    /// Keys are needed for something else: logout tokens, or signed introspection answers.
    NotJwtButKeys,
    WithoutDpop,
    WithoutStore,
    WithoutAuthorization,
}

impl Mode {
    /// The modes that a verifier implies. `keys`: the authorization server's are needed for something
    /// besides tokens.
    pub(super) fn of(kind: Kind, keys: bool) -> &'static [Self] {
        match kind {
            Kind::Introspection if keys => &[Self::NotJwtButKeys, Self::NotUserinfo],
            Kind::Introspection => &[Self::NotJwt, Self::NotUserinfo],
            Kind::Jwt => &[Self::NotIntrospection, Self::NotUserinfo],
            Kind::Userinfo if keys => {
                &[Self::NotIntrospection, Self::NotJwtButKeys, Self::Userinfo]
            }
            Kind::Userinfo => &[Self::NotIntrospection, Self::NotJwt, Self::Userinfo],
        }
    }

    /// The reason, and the options concerned: ids, or id prefixes ending in `_`.
    fn rule(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::StdioAuthorization => (
                "the transport is stdio, so the authorization options are ignored",
                &["auth_", CLIENT_SECRET_VARIABLE],
            ),
            Self::Stdio => (
                "the transport is stdio, so these have no effect",
                &[
                    "host",
                    "port",
                    "path",
                    "stateless_http",
                    "session_key_file",
                    "max_sessions_per_principal",
                    "max_sessions",
                    "allowed_hosts",
                    "allowed_origins",
                    "trusted_proxies",
                    "admin_addr",
                    "admin_token_file",
                    "allow_unauthenticated",
                    "shared_store",
                    "shared_store_",
                ],
            ),
            Self::WithoutSessions => (
                "there are no sessions unless --stateless-http is false, so these have no effect",
                &[
                    "session_key_file",
                    "max_sessions_per_principal",
                    "max_sessions",
                ],
            ),
            Self::Authorized => (
                "authorization is on, so this has no effect",
                &["allow_unauthenticated"],
            ),
            Self::NotIntrospection => (
                "--auth-verifier is not introspection, so these have no effect",
                &[
                    "auth_introspection_signed",
                    "auth_introspection_url",
                    "auth_client_auth_method",
                    "auth_client_certificate_file",
                    "auth_client_id",
                    "auth_client_id_file",
                    "auth_client_key_file",
                    "auth_client_key_id",
                    "auth_client_secret_file",
                    CLIENT_SECRET_VARIABLE,
                ],
            ),
            Self::NotJwt => (
                "--auth-verifier is not jwt, so these have no effect",
                &["auth_jwks_url", "auth_jwt_types"],
            ),
            Self::NotUserinfo => (
                "--auth-verifier is not userinfo, so these have no effect",
                &["auth_userinfo_url", "auth_accept_unbound_tokens"],
            ),
            Self::Userinfo => (
                "userinfo does not report a token's audience, so this has no effect",
                &["auth_audience"],
            ),
            Self::WithoutSecret => (
                "--auth-client-auth-method uses no secret, so this has no effect",
                &["auth_client_secret_file", CLIENT_SECRET_VARIABLE],
            ),
            Self::WithoutScopes => (
                "no option requires a scope, so this has no effect",
                &["auth_scope_hierarchy"],
            ),
            Self::NotJwtButKeys => (
                "--auth-verifier is not jwt, so this has no effect",
                &["auth_jwt_types"],
            ),
            Self::WithoutLogout => (
                "there is no --auth-back-channel-logout, so this has no effect",
                &["auth_back_channel_logout_clients"],
            ),
            Self::WithoutAdmin => (
                "there is no --admin-addr or no authorization, so this has no effect",
                &["admin_token_file"],
            ),
            Self::WithoutStore => (
                "there is no --shared-store, so these have no effect",
                &["shared_store_"],
            ),
            Self::WithoutAuthorization => (
                "there is no authorization, so replicas share nothing and these have no effect",
                &["shared_store", "shared_store_"],
            ),
            Self::WithoutAudit => (
                "there is no --audit-log, so these have no effect",
                &["audit_key_file", "audit_on_failure"],
            ),
            Self::WithoutDpop => (
                "--auth-dpop is off, so this has no effect",
                &["auth_dpop_nonce"],
            ),
        }
    }

    /// A warning, if any given option has no effect. An option set to its default does not count:
    /// in a copy of `dotenv.example` nobody chose it.
    pub(super) fn warning(self, given: &Given) -> Option<String> {
        let (why, ids) = self.rule();
        let meant = |id: &str| {
            ids.iter().any(|known| match known.ends_with('_') {
                true => id.starts_with(known),
                false => id == *known,
            })
        };
        let names: Vec<_> = given
            .set_options("")
            .iter()
            .filter(|id| meant(id) && given.value(id) != Some(&options::default(id)))
            .map(|id| options::name(id))
            .collect();
        (!names.is_empty()).then(|| format!("{why}: {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::options::Options;

    #[test]
    fn every_rule_is_about_options_that_exist() {
        let command = Options::command();
        let ids: Vec<_> = command
            .get_arguments()
            .map(|a| a.get_id().as_str())
            .collect();
        for mode in [
            Mode::StdioAuthorization,
            Mode::Stdio,
            Mode::WithoutSessions,
            Mode::Authorized,
            Mode::NotIntrospection,
            Mode::NotJwt,
            Mode::NotUserinfo,
            Mode::Userinfo,
            Mode::WithoutSecret,
            Mode::WithoutScopes,
            Mode::WithoutAudit,
            Mode::WithoutAdmin,
            Mode::WithoutLogout,
            Mode::NotJwtButKeys,
            Mode::WithoutDpop,
            Mode::WithoutStore,
            Mode::WithoutAuthorization,
        ] {
            for known in mode.rule().1 {
                let exists = ids.iter().any(|id| match known.ends_with('_') {
                    true => id.starts_with(known),
                    false => id == known,
                });
                assert!(exists || *known == CLIENT_SECRET_VARIABLE, "{known}");
            }
        }
    }
}
