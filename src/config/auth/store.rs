//! The store that replicas share, if there is one.

use std::{path::PathBuf, time::Duration};

use rmcp_resource_server::{
    SharedStoreConfig, SharedStoreError, SharedStoreKeys, SharedStoreKeysError, SharedStoreUrl,
};

use crate::{
    config::{effect::Mode, parse::Parser},
    options::{self, Given},
};

const ID: &str = "shared_store";

/// `None` if there is none, or after an error.
pub(in crate::config) fn resolve(
    parser: &mut Parser,
    given: &Given,
    warnings: &mut Vec<String>,
) -> Option<SharedStoreConfig> {
    let options = &given.options;
    if !given.is_given(ID) {
        warnings.extend(Mode::WithoutStore.warning(given));
        return None;
    }
    let url = parser.optional(ID, options.shared_store.as_deref(), |text| {
        text.parse::<SharedStoreUrl>()
    });
    if let Some(url) = &url
        && !url.is_encrypted()
        && !url.is_loopback()
    {
        warnings.push(format!(
            "{} is not encrypted: whoever sees its traffic learns its password, and can write to \
             it; use rediss://",
            options::name(ID)
        ));
    }
    let files = Parser::list(options.shared_store_key_file.as_deref());
    let keys = match files.is_empty() {
        true => {
            parser.error(
                "shared_store_key_file",
                "is required with a store: a file with 32 random bytes, the same for all replicas \
                 (head -c 32 /dev/urandom)",
            );
            None
        }
        false => {
            let keys = SharedStoreKeys::from_files(&files);
            parser.result("shared_store_key_file", keys.map_err(|error| shown(&error)))
        }
    };
    let mut file =
        |id, value: &Option<String>| parser.optional(id, value.as_deref(), str::parse::<PathBuf>);
    let password_file = file(
        "shared_store_password_file",
        &options.shared_store_password_file,
    );
    let ca_file = file("shared_store_ca_file", &options.shared_store_ca_file);
    let prefix = parser.optional(
        "shared_store_prefix",
        options.shared_store_prefix.as_deref(),
        |text| {
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
            match text.len() <= 64 && text.bytes().all(fine) {
                true => Ok(text.to_owned()),
                false => Err("must be at most 64 letters, digits and - . _ :"),
            }
        },
    );
    let timeout = parser.duration(
        "shared_store_timeout",
        options.shared_store_timeout.as_deref(),
        Duration::from_millis(5),
        Duration::from_millis(1)..=Duration::from_secs(1),
    );
    let mut config = SharedStoreConfig::new(url?, keys?);
    (config.password_file, config.ca_file) = (password_file, ca_file);
    config.prefix = prefix.unwrap_or_else(|| options::default("shared_store_prefix"));
    config.timeout = timeout;
    match config.check() {
        Ok(()) => Some(config),
        Err(error) => {
            let id = match error {
                SharedStoreError::PasswordUnreadable(_) | SharedStoreError::Password(_) => {
                    "shared_store_password_file"
                }
                SharedStoreError::CaFileUnreadable(_)
                | SharedStoreError::CaFileInvalid
                | SharedStoreError::CaFileWithoutTls => "shared_store_ca_file",
                _ => ID,
            };
            parser.error(id, error);
            None
        }
    }
}

/// With one file, its number says nothing.
fn shown(error: &SharedStoreKeysError) -> String {
    match error {
        SharedStoreKeysError::Number(_) => "must be one file, or two separated by a comma".into(),
        error => error.to_string(),
    }
}
