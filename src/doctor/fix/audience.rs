//! What to change when a token is for another audience. An `aud` value that others share must not
//! become `--auth-audience`: this server would then accept their tokens.

use super::Fixes;

impl Fixes<'_> {
    pub(super) fn of_no_audience(&self) -> String {
        format!(
            "Have the authorization server put {:?} into aud: use the resource parameter of the \
             request (RFC 8707) or, in Keycloak, an audience mapper on the client scope. For a \
             server that issues no aud (Cognito, LemonLDAP::NG, Doorkeeper), list the clients in \
             --auth-allowed-client-ids and require scopes.",
            self.wanted_audience()
        )
    }

    /// `issued_to` is the token's client, `own_client_id` ours. Never suggests the token's client
    /// as the audience, because its ID tokens carry that audience.
    pub(super) fn of_audience(
        &self,
        audience: &[String],
        issued_to: Option<&str>,
        own_client_id: &str,
        is_scope: bool,
    ) -> String {
        let wanted = self.wanted_audience();
        let has = |value: &str| audience.iter().any(|aud| aud == value);
        let request = format!(
            "Have the client request the token for {wanted:?} (resource parameter, or an audience \
             mapper)"
        );
        let same = |aud: &String| aud.trim_end_matches('/') == wanted.trim_end_matches('/');
        if audience.iter().any(same) {
            return format!(
                "Only the trailing slash differs: the token's aud and --auth-audience must match \
                 exactly ({wanted:?})."
            );
        }
        if is_scope {
            return format!(
                "{request}: this aud repeats the scopes, as in Glewlwyd when the request names no \
                 resource."
            );
        }
        if !own_client_id.is_empty() && has(own_client_id) && issued_to != Some(own_client_id) {
            return format!(
                "Set --auth-audience to {own_client_id:?}: this authorization server (Canaille, \
                 zitadel/oidc) names this server in aud by its client id. Set \
                 --auth-required-scopes as well."
            );
        }
        let candidates: Vec<_> = audience
            .iter()
            .filter(|aud| Some(aud.as_str()) != issued_to && *aud != "account")
            .collect();
        match candidates[..] {
            [] if has("account") => format!(
                "Keycloak adds the audience account by itself: add an audience mapper with the \
                 custom audience {wanted:?} to a client scope of the client."
            ),
            [] => format!(
                "{request}: this aud names only the client that the token was issued to (the \
                 default of Spring Authorization Server and django-oidc-provider). Do not set \
                 --auth-audience to it: the ID tokens of that client have the same aud."
            ),
            [only] => format!(
                "{request}; or, if {only:?} stands for this server and no other, set \
                 --auth-audience to it."
            ),
            _ => format!(
                "{request}; or, if one of {:?} stands for this server and no other, set \
                 --auth-audience to that one.",
                &candidates[..candidates.len().min(5)]
            ),
        }
    }

    pub(super) fn of_audience_is_client(&self, client_id: &str) -> String {
        format!(
            "{client_id:?} is the client that this token was issued to, so its ID tokens have the \
             same aud and would be accepted if introspection reports them as active (Spring \
             Authorization Server): set --auth-required-scopes, because ID tokens have no scope, \
             or have the authorization server put {:?} into aud.",
            self.resource
        )
    }

    fn wanted_audience(&self) -> &str {
        let audiences = &self.config.resource_server.audiences;
        audiences.first().map_or(self.resource, String::as_str)
    }
}
