//! How this server authenticates to the authorization server.

use rmcp_resource_server::{ClientCredentials, CredentialsError, Secret, Source};

use super::{effect::Mode, parse::Parser};
use crate::options::{CLIENT_SECRET_VARIABLE, Given};

/// A client authentication method.
#[derive(Clone, Copy, PartialEq)]
enum Method {
    Basic,
    BasicRaw,
    Post,
    SecretJwt,
    PrivateKeyJwt,
    TlsClientAuth,
    None,
}

impl Method {
    fn uses_secret(self) -> bool {
        matches!(
            self,
            Self::Basic | Self::BasicRaw | Self::Post | Self::SecretJwt
        )
    }
}

/// Reads the method and what it needs; `None` if there were errors.
pub(super) fn resolve(
    parser: &mut Parser,
    given: &Given,
    warnings: &mut Vec<String>,
) -> Option<ClientCredentials> {
    let method = method(parser, given);
    if !method.uses_secret() {
        warnings.extend(Mode::WithoutSecret.warning(given));
    }
    refuse_unused(parser, given, method);
    let id = client_id(parser, given, method);
    let secret = client_secret(parser, given, method);
    let key = pem_file(parser, given, method, &KEY);
    let certificate = pem_file(parser, given, method, &CERTIFICATE);
    Some(match method {
        Method::Basic => ClientCredentials::SecretBasic {
            id: id?,
            secret: secret?,
        },
        Method::BasicRaw => ClientCredentials::SecretBasicRaw {
            id: id?,
            secret: secret?,
        },
        Method::Post => ClientCredentials::SecretPost {
            id: id?,
            secret: secret?,
        },
        Method::SecretJwt => ClientCredentials::SecretJwt {
            id: id?,
            secret: secret?,
        },
        Method::PrivateKeyJwt => ClientCredentials::PrivateKeyJwt {
            id: id?,
            key: key?,
            key_id: given
                .value("auth_client_key_id")
                .map(|id| id.trim().to_owned()),
        },
        Method::TlsClientAuth => ClientCredentials::TlsClientAuth {
            id: id?,
            certificate: certificate?,
            key: key?,
        },
        Method::None => ClientCredentials::None { id },
    })
}

fn method(parser: &mut Parser, given: &Given) -> Method {
    parser.choice(
        "auth_client_auth_method",
        given.options.auth_client_auth_method.as_deref(),
        "client_secret_basic",
        |text| match text {
            "client_secret_basic" => Some(Method::Basic),
            "client_secret_basic_raw" => Some(Method::BasicRaw),
            "client_secret_post" => Some(Method::Post),
            "client_secret_jwt" => Some(Method::SecretJwt),
            "private_key_jwt" => Some(Method::PrivateKeyJwt),
            "tls_client_auth" => Some(Method::TlsClientAuth),
            "none" => Some(Method::None),
            _ => None,
        },
        "client_secret_basic, client_secret_post, client_secret_basic_raw, client_secret_jwt, \
         private_key_jwt, tls_client_auth or none",
    )
}

fn client_id(parser: &mut Parser, given: &Given, method: Method) -> Option<Source> {
    let options = &given.options;
    let is_given = given.is_given("auth_client_id") || given.is_given("auth_client_id_file");
    if method != Method::None && !is_given {
        parser.error(
            "auth_client_id",
            "is required: the client id of this server at the authorization server (or set \
             --auth-client-auth-method to none)",
        );
    }
    one_source(
        parser,
        ("auth_client_id", options.auth_client_id.as_deref()),
        (
            "auth_client_id_file",
            options.auth_client_id_file.as_deref(),
        ),
        "--auth-client-id (OSCAL_AUTH_CLIENT_ID)",
    )
}

fn client_secret(parser: &mut Parser, given: &Given, method: Method) -> Option<Source> {
    let file = &given.options.auth_client_secret_file;
    let is_given =
        given.is_given(CLIENT_SECRET_VARIABLE) || given.is_given("auth_client_secret_file");
    if method.uses_secret() && !is_given {
        parser.error(
            "auth_client_secret_file",
            format!(
                "is required: a file with the client secret, or the variable \
                 {CLIENT_SECRET_VARIABLE}"
            ),
        );
    }
    one_source(
        parser,
        (CLIENT_SECRET_VARIABLE, given.client_secret.as_deref()),
        ("auth_client_secret_file", file.as_deref()),
        CLIENT_SECRET_VARIABLE,
    )
}

/// A PEM file, and the methods that need it.
struct PemFile {
    id: &'static str,
    what: &'static str,
    methods: &'static [Method],
}

const KEY: PemFile = PemFile {
    id: "auth_client_key_file",
    what: "the private key",
    methods: &[Method::PrivateKeyJwt, Method::TlsClientAuth],
};

const CERTIFICATE: PemFile = PemFile {
    id: "auth_client_certificate_file",
    what: "the client certificate and its chain",
    methods: &[Method::TlsClientAuth],
};

fn pem_file(
    parser: &mut Parser,
    given: &Given,
    method: Method,
    PemFile { id, what, methods }: &PemFile,
) -> Option<Source> {
    if !methods.contains(&method) {
        return None;
    }
    match given.value(id) {
        Some(path) => file_source(parser, id, path, Source::read_pem),
        None => {
            parser.error(id, format!("is required: a file with {what} (PEM)"));
            None
        }
    }
}

/// Rejects a key whose method is not selected. Otherwise the operator would only see an error about
/// a missing secret.
fn refuse_unused(parser: &mut Parser, given: &Given, method: Method) {
    for (id, methods) in [
        (KEY.id, KEY.methods),
        ("auth_client_key_id", &[Method::PrivateKeyJwt]),
        (CERTIFICATE.id, CERTIFICATE.methods),
    ] {
        if given.value(id).is_some() && !methods.contains(&method) {
            parser.error(
                id,
                "is set, but the client authentication method does not use it: set \
                 --auth-client-auth-method to private_key_jwt or tls_client_auth, or remove this \
                 option",
            );
        }
    }
}

/// The value or the file, whichever is given; giving both is an error.
fn one_source(
    parser: &mut Parser,
    (value_id, value): (&str, Option<&str>),
    (file_id, file): (&str, Option<&str>),
    value_name: &str,
) -> Option<Source> {
    match (value, file) {
        (Some(_), Some(_)) => {
            parser.error(
                file_id,
                format!("and {value_name} are both set: remove one"),
            );
            None
        }
        (Some(value), None) => {
            let source = Source::Value(Secret::from(value));
            report(parser, value_id, source.read())?;
            Some(source)
        }
        (None, Some(path)) => file_source(parser, file_id, path, Source::read),
        (None, None) => None,
    }
}

/// Reads the file now, so that a missing file fails the start and not the first request.
fn file_source(
    parser: &mut Parser,
    id: &str,
    path: &str,
    read: fn(&Source) -> Result<Secret, CredentialsError>,
) -> Option<Source> {
    let source = Source::File(path.trim().into());
    report(parser, id, read(&source))?;
    Some(source)
}

/// Leaves out the path: the option identifies it, and it may be the secret itself.
fn report(parser: &mut Parser, id: &str, read: Result<Secret, CredentialsError>) -> Option<Secret> {
    read.map_err(|error| match error {
        CredentialsError::File { problem, .. } => {
            parser.error(id, format!("names a file, but {problem}"));
        }
        CredentialsError::Value(problem) => parser.error(id, format!("has a value, but {problem}")),
        error => parser.error(id, error),
    })
    .ok()
}
