//! Names that look like ours but are unknown: most likely misspelt, and a misspelt safeguard
//! protects nothing.

use clap::CommandFactory;

use super::{CLIENT_SECRET_VARIABLE, Options, similar::did_you_mean};

/// The names of all variables.
pub(super) fn known() -> Vec<String> {
    let command = Options::command();
    let of_options = command
        .get_arguments()
        .filter_map(|argument| argument.get_env());
    of_options
        .map(|name| name.to_string_lossy().into_owned())
        .chain([CLIENT_SECRET_VARIABLE.to_owned()])
        .collect()
}

/// The message about the variable `name`, if it resembles one of `known` but is unknown. `value`
/// helps to recognize variables set by Kubernetes.
pub(super) fn judge(name: &str, value: &str, known: &[String]) -> Option<String> {
    if !name.starts_with("OSCAL_")
        || known.iter().any(|known| known == name)
        || is_of_kubernetes(name, value)
    {
        return None;
    }
    let meant = did_you_mean(name, known.iter().map(String::as_str));
    Some(format!(
        "is not an option of this server and has no effect{meant}"
    ))
}

/// A variable's name as messages show it. A name that no variable could have may contain more than
/// a name.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match name.len() <= LONGEST && name.bytes().all(is_plain) {
        true => name.to_owned(),
        false => "a variable with an unusual name that begins with OSCAL_".to_owned(),
    }
}

/// Kubernetes sets variables for every service, such as `OSCAL_AUTH_SERVICE_HOST` for a service
/// `oscal-auth` (unless `enableServiceLinks` is false). They are not mistakes.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
    {
        return true;
    }
    let protocols = ["tcp", "udp", "sctp"];
    match name.split_once("_PORT") {
        Some((_, "")) => protocols
            .into_iter()
            .any(|protocol| value.starts_with(&format!("{protocol}://"))),
        Some((_, rest)) => {
            let number = rest.strip_prefix('_').and_then(|rest| rest.split_once('_'));
            number.is_some_and(|(number, protocol)| {
                !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
                    && protocols
                        .into_iter()
                        .any(|known| protocol.starts_with(&known.to_ascii_uppercase()))
            })
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_sets_for_a_service_is_nobodys_mistake() {
        let known = known();
        for (name, value, is_unknown) in [
            ("OSCAL_AUTH_SERVICE_HOST", "10.0.0.1", false),
            ("OSCAL_AUTH_SERVICE_PORT", "443", false),
            ("OSCAL_AUTH_SERVICE_PORT_HTTPS", "443", false),
            ("OSCAL_AUTH_PORT", "tcp://10.0.0.1:443", false),
            ("OSCAL_AUTH_PORT_443_TCP", "tcp://10.0.0.1:443", false),
            ("OSCAL_AUTH_PORT_443_TCP_ADDR", "10.0.0.1", false),
            ("OSCAL_AUTH_PORT_443_TCP_PROTO", "tcp", false),
            ("OSCAL_AUTH_PORT", "443", true),
            ("OSCAL_AUTH_PORT_X_TCP", "443", true),
            ("OSCAL_AUTH_AUDIENCES", "x", true),
            ("OSCAL_AUTH_AUDIENCE", "x", false),
            ("OSCAL_AUTH_CLIENT_SECRET", "x", false),
            ("LOG_LEVL", "x", false),
        ] {
            assert_eq!(judge(name, value, &known).is_some(), is_unknown, "{name}");
        }
    }

    #[test]
    fn an_unusual_name_is_not_shown() {
        assert_eq!(shown("OSCAL_AUTH_AUDIENCES"), "OSCAL_AUTH_AUDIENCES");
        for name in ["OSCAL_hunter 2", "OSCAL_\u{1b}[2J", &"OSCAL_".repeat(20)] {
            assert!(shown(name).starts_with("a variable with"), "{name}");
        }
    }
}
