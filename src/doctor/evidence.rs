//! `doctor --fips-evidence`: the cryptographic modules of this program as an OSCAL component definition.

use std::{
    io::{self, Write},
    time::SystemTime,
};

use rmcp_resource_server::{Clock, CryptographicModule, SystemClock};
use serde_json::{Value, json};

/// Where properties are defined that OSCAL does not define.
const NAMESPACE: &str = "urn:oscal-mcp-server:ns";

/// Components keep their identifiers across revisions of the document. That of the server is the same as
/// in the built-in component definition.
const SERVER: &str = "f2904408-9993-40c3-8f3b-c3662d0f1906";
const MODULE: &str = "0b6d5d0f-4f0c-4c0e-9a0e-6f5f3b6a7c11";
const VALIDATION: &str = "5c1f2b6e-7d43-4b52-8d1b-2f6d9c0c3a27";

/// Where NIST lists what it has certified, and what it is about to certify.
const CERTIFIED: &str =
    "https://csrc.nist.gov/projects/cryptographic-module-validation-program/validated-modules";
const IN_PROCESS: &str = "https://csrc.nist.gov/Projects/cryptographic-module-validation-program/modules-in-process/Modules-In-Process-List";

/// Runs the module's self-tests and writes the document to `out`. Returns whether the module is a FIPS
/// module that passes them.
///
/// # Errors
///
/// `out` cannot be written.
pub fn run(out: &mut impl Write) -> io::Result<bool> {
    let module = CryptographicModule::linked();
    let passes = module.passes_self_tests();
    let document = document(module, passes, SystemClock.now(), &fresh_uuid());
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(module.is_fips() && passes)
}

fn document(module: CryptographicModule, passes: bool, now: SystemTime, uuid: &str) -> Value {
    let mut components = vec![server(), software(module, passes)];
    if module.is_fips() {
        components.push(validation(module));
    }
    json!({"component-definition": {
        "uuid": uuid,
        "metadata": {
            "title": "Cryptographic Modules of oscal-mcp-server",
            "last-modified": humantime::format_rfc3339_seconds(now).to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "oscal-version": "1.2.3",
            "remarks": "Written by the program itself, about the library that it is linked with. The bill of \
                        materials of its release names the crates that contain the library.",
        },
        "components": components,
    }})
}

fn server() -> Value {
    json!({
        "uuid": SERVER,
        "type": "software",
        "title": "oscal-mcp-server",
        "description": "An MCP server for OSCAL documents. Its TLS, message authentication codes, hashes, \
                        signatures and random keys are computed by the cryptographic module below.",
        "props": [{"name": "version", "value": env!("CARGO_PKG_VERSION")}],
        "links": [{"href": format!("#{MODULE}"), "rel": "depends-on"}],
    })
}

fn software(module: CryptographicModule, passes: bool) -> Value {
    let own = |name: &str, value: &str| json!({"name": name, "ns": NAMESPACE, "value": value});
    let mut component = json!({
        "uuid": MODULE,
        "type": "software",
        "title": module.name(),
        "description": match module.is_fips() {
            true => "The FIPS module of AWS-LC, statically linked, in FIPS mode.",
            false => "AWS-LC, statically linked. This is not a FIPS module: build the server with the feature \
                      `fips` to have one.",
        },
        "props": [
            {"name": "version", "value": module.version()},
            own("fips-mode", if module.is_fips() { "on" } else { "off" }),
            own("self-tests", if passes { "passed" } else { "failed" }),
        ],
    });
    if module.is_fips() {
        component["links"] = json!([{"href": format!("#{VALIDATION}"), "rel": "validation"}]);
    }
    component
}

/// The validation by NIST's programme, without a number: the documentation of the module states none.
fn validation(module: CryptographicModule) -> Value {
    json!({
        "uuid": VALIDATION,
        "type": "validation",
        "title": format!("FIPS 140-3 validation of {module}, to be confirmed"),
        "description": "The documentation of aws-lc-rs says that its FIPS module was tested by an accredited \
                        laboratory and submitted to NIST. It states no number of a certificate, and so this \
                        document claims none.",
        "props": [{"name": "validation-type", "value": "fips-140-3"}],
        "links": [
            {"href": CERTIFIED, "rel": "validation-details", "text": "Search for AWS-LC and this version"},
            {"href": IN_PROCESS, "rel": "validation-details", "text": "If it is not certified yet"},
        ],
        "remarks": format!(
            "Find the certificate of AWS-LC (static) {} in NIST's list, compare its version and operational \
             environments with yours, and add its number as the property `validation-reference`. If only an \
             older version is listed, this one is not validated yet.",
            module.version()
        ),
    })
}

/// A random UUID (RFC 9562 §5.4): each copy of the document is a revision of its own.
fn fresh_uuid() -> String {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has no randomness");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
