//! The standard variables. The OpenTelemetry SDK reads them itself, but logs what it cannot use and
//! goes on with a default; here they are checked first.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

/// That traces are exported, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSettings {
    /// How long one export may take. `OTEL_EXPORTER_OTLP_TIMEOUT`; default: 10 s.
    pub(crate) timeout: Duration,
}

const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// Variables of the exporter, each with a form for traces only that takes precedence.
const ENDPOINT: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOL: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const TIMEOUT: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
];
const COMPRESSION: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
];
/// Private certificates, which would otherwise be ignored silently.
const CERTIFICATES: [&str; 6] = [
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
];
const NUMBERS: [&str; 4] = [
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BSP_EXPORT_TIMEOUT",
];

/// Reads the `OTEL_*` variables. `None` if traces are off: without an endpoint, or by
/// `OTEL_SDK_DISABLED` or `OTEL_TRACES_EXPORTER`. An empty value counts as not given.
///
/// # Errors
///
/// Every variable that cannot be used, with the problem. No message repeats a value.
pub(crate) fn read(
    variables: &BTreeMap<String, String>,
) -> Result<Option<TraceSettings>, Vec<(&'static str, String)>> {
    let value = |name: &str| {
        let value = variables.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    };
    let first = |names: [&'static str; 2]| {
        let mut given = names.into_iter();
        given.find_map(|name| Some((name, value(name)?)))
    };
    let mut errors = Vec::new();
    if value("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    match value("OTEL_TRACES_EXPORTER") {
        Some("none") => return Ok(None),
        None | Some("otlp") => {}
        Some(_) => errors.push(("OTEL_TRACES_EXPORTER", "must be otlp or none".to_owned())),
    }
    let Some((name, endpoint)) = first(ENDPOINT) else {
        return if errors.is_empty() {
            Ok(None)
        } else {
            Err(errors)
        };
    };
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !Url::parse(endpoint).is_ok_and(|url| is_http(&url)) {
        errors.push((name, "must be an http or https URL".to_owned()));
    }
    match first(PROTOCOL) {
        None | Some((_, "http/protobuf")) => {}
        Some((name, "grpc")) => errors.push((
            name,
            "gRPC is not supported; use http/protobuf, which collectors usually take on port 4318"
                .to_owned(),
        )),
        Some((name, _)) => errors.push((name, "must be http/protobuf".to_owned())),
    }
    if let Some((name, compression)) = first(COMPRESSION)
        && compression != "none"
    {
        errors.push((name, "compression is not supported; use none".to_owned()));
    }
    for name in CERTIFICATES {
        if value(name).is_some() {
            let problem = "is not supported: the system's certificates are trusted";
            errors.push((name, problem.to_owned()));
        }
    }
    let millis = |text: &str| text.parse::<u64>().ok();
    for name in NUMBERS {
        if value(name).is_some_and(|text| millis(text).is_none_or(|number| number == 0)) {
            errors.push((name, "must be a whole number, at least 1".to_owned()));
        }
    }
    let mut timeout = Duration::from_secs(10);
    if let Some((name, text)) = first(TIMEOUT) {
        match millis(text) {
            Some(number @ 1..=600_000) => timeout = Duration::from_millis(number),
            _ => errors.push((name, "must be milliseconds, 1 to 600000".to_owned())),
        }
    }
    if value("OTEL_TRACES_SAMPLER").is_some_and(|sampler| !SAMPLERS.contains(&sampler)) {
        let problem = format!("must be one of {}", SAMPLERS.join(", "));
        errors.push(("OTEL_TRACES_SAMPLER", problem));
    }
    let is_ratio = |text: &str| {
        text.parse()
            .is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio))
    };
    if value("OTEL_TRACES_SAMPLER_ARG").is_some_and(|text| !is_ratio(text)) {
        let problem = "must be a number from 0 to 1";
        errors.push(("OTEL_TRACES_SAMPLER_ARG", problem.to_owned()));
    }
    if errors.is_empty() {
        Ok(Some(TraceSettings { timeout }))
    } else {
        Err(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<bool, Vec<&'static str>> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let read = read(&variables.iter().map(owned).collect());
        let names = |errors: Vec<(&'static str, String)>| errors.into_iter().map(|(name, _)| name);
        read.map(|settings| settings.is_some())
            .map_err(|errors| names(errors).collect())
    }

    #[test]
    fn traces_are_off_unless_an_endpoint_is_set() {
        const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        assert_eq!(of(&[]), Ok(false));
        assert_eq!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(false));
        assert_eq!(of(&[("OTEL_TRACES_EXPORTER", "otlp")]), Ok(false));
        assert_eq!(of(&[ENDPOINT]), Ok(true));
        assert_eq!(
            of(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/t")]),
            Ok(true)
        );
        for off in [
            ("OTEL_SDK_DISABLED", "True"),
            ("OTEL_TRACES_EXPORTER", "none"),
        ] {
            assert_eq!(of(&[ENDPOINT, off]), Ok(false), "{off:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_an_error_and_not_a_default() {
        for (name, value, is_right) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", true),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", false),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", false),
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "localhost:4317",
                false,
            ),
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "unix:/run/collector",
                false,
            ),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250", true),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", false),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", false),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem", false),
            ("OTEL_TRACES_EXPORTER", "jaeger", false),
            ("OTEL_TRACES_SAMPLER", "traceidratio", true),
            ("OTEL_TRACES_SAMPLER", "xray", false),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25", true),
            ("OTEL_TRACES_SAMPLER_ARG", "25%", false),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "4096", true),
            ("OTEL_BSP_SCHEDULE_DELAY", "0", false),
        ] {
            let found = of(&[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"),
                (name, value),
            ]);
            let expected = if is_right { Ok(true) } else { Err(vec![name]) };
            assert_eq!(found, expected, "{name}={value}");
        }
    }
}
