//! The form of the answers: JSON (RFC 7662 §2.2), or JSON in a signed JWT (RFC 9701).

use std::{sync::Arc, time::SystemTime};

use reqwest::Response;

#[cfg(feature = "jwt")]
use super::signed::{MEDIA_TYPE, SignedAnswers};
use crate::{
    authorization_server::response::{self, malformed},
    error::AuthorizationServerError,
    token::claims::IntrospectionResponse,
    verify::verifier::TokenVerifier,
};

/// The form that is demanded. An answer in the other form is a failure of the authorization server, so
/// nobody can talk us out of signatures.
pub(super) enum AnswerForm {
    Json,
    #[cfg(feature = "jwt")]
    Signed(Box<SignedAnswers>),
}

impl AnswerForm {
    /// For `Accept`.
    pub(super) fn media_type(&self) -> &'static str {
        match self {
            Self::Json => "application/json",
            #[cfg(feature = "jwt")]
            Self::Signed(_) => MEDIA_TYPE,
        }
    }

    /// Fails if there is no use in asking yet.
    pub(super) fn can_be_read(&self) -> Result<(), AuthorizationServerError> {
        match self {
            Self::Json => Ok(()),
            #[cfg(feature = "jwt")]
            Self::Signed(answers) => answers.keys.at_hand(),
        }
    }

    /// Reads the answer to a question that the client `client_id` asked at `asked_at`.
    #[cfg_attr(
        not(feature = "jwt"),
        expect(unused_variables, reason = "answers are never signed then")
    )]
    pub(super) async fn read(
        &self,
        response: Response,
        client_id: &str,
        asked_at: SystemTime,
    ) -> Result<IntrospectionResponse, AuthorizationServerError> {
        match self {
            Self::Json => {
                let body = response::json_body(response).await?;
                IntrospectionResponse::parse(&body).map_err(malformed)
            }
            #[cfg(feature = "jwt")]
            Self::Signed(answers) => answers.read(response, client_id, asked_at).await,
        }
    }

    /// Waits until answers can be read.
    pub(super) async fn ready(&self) {
        match self {
            Self::Json => {}
            #[cfg(feature = "jwt")]
            Self::Signed(answers) => answers.keys.ready().await,
        }
    }

    /// Whether answers can be read.
    pub(super) fn readiness(&self) -> Result<(), Arc<str>> {
        match self {
            Self::Json => Ok(()),
            #[cfg(feature = "jwt")]
            Self::Signed(answers) => answers.keys.readiness(),
        }
    }
}
