//! Which cryptography is in the program, and what it says about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use dev_authorization_server::FakeAuthorizationServer;
use oscal_documents::{Library, Limits};
use rmcp_resource_server::CryptographicModule;
use serde_json::{Value, json};

use crate::support::{Server, over_stdio, protected_by, run, stderr, stdout, tool_call};

/// A crate whose name has one of these words, or contains one of [`FRAGMENTS`], or that crates.io lists under
/// "cryptography", is taken to implement cryptography.
const WORDS: [&str; 38] = [
    "aes", "age", "argon2", "blowfish", "cmac", "des", "dh", "dsa", "gcm", "ghash", "gmac", "hkdf",
    "hmac", "jose", "k256", "kdf", "md2", "md4", "md5", "otp", "p256", "p384", "p521", "pgp",
    "pkcs1", "pkcs8", "polyval", "rand", "rc4", "ring", "rsa", "sha", "sha1", "sha2", "sha3",
    "ssl", "subtle", "tls",
];

const FRAGMENTS: [&str; 31] = [
    "aws-lc",
    "bcrypt",
    "blake",
    "boring",
    "cbc",
    "chacha",
    "cipher",
    "crypt",
    "curve25519",
    "dalek",
    "digest",
    "ecdsa",
    "ed25519",
    "elliptic",
    "entropy",
    "getrandom",
    "jsonwebtoken",
    "keccak",
    "native-tls",
    "nettle",
    "openssl",
    "pbkdf",
    "poly1305",
    "rustls",
    "salsa",
    "secp256",
    "signature",
    "siphash",
    "sodium",
    "webpki",
    "x25519",
];

const TLS: &str =
    "TLS and certificates as protocols and formats; their cryptography is that of the module";
const PKCE: &str =
    "SHA-256 of oauth2, for PKCE, and of rmcp, for digests of skills: this server does neither";
const IDS: &str = "ids of traces (opentelemetry_sdk) and what oauth2 and rmcp draw as clients: no secret of \
                   this server";

/// Every crate that counts as cryptography, and why it may be in the program.
const ALLOWED: [(&str, &str); 25] = [
    ("aws-lc-rs", "the interface of the module"),
    (
        "aws-lc-sys",
        "the module; in a FIPS build rustls asks for it, and it is not linked",
    ),
    ("aws-lc-fips-sys", "the module of a FIPS build"),
    ("block-buffer", PKCE),
    ("chacha20", IDS),
    ("const-oid", PKCE),
    ("crypto-common", PKCE),
    ("digest", PKCE),
    (
        "getrandom",
        "seeds of hash maps, and the ids of sessions and streams in rmcp (uuid): an id is no secret, since this \
         server seals it with an HMAC of the module",
    ),
    ("hyper-rustls", TLS),
    (
        "jsonwebtoken",
        "signs assertions with aws-lc-rs; its feature `rust_crypto` is off",
    ),
    (
        "openssl-probe",
        "knows where Linux distributions keep CA certificates",
    ),
    ("pem", "reads a text format"),
    ("ppv-lite86", IDS),
    ("rand", IDS),
    ("rand_chacha", IDS),
    ("rand_core", IDS),
    ("rustls", TLS),
    ("rustls-native-certs", TLS),
    ("rustls-pki-types", TLS),
    ("rustls-platform-verifier", TLS),
    ("rustls-webpki", TLS),
    ("sha2", PKCE),
    ("signature", "traits that jsonwebtoken implements"),
    ("subtle", "compares bytes in constant time, for rustls"),
];

/// Those that crates.io lists, but that compute nothing.
const NO_CRYPTOGRAPHY: [(&str, &str); 2] = [("tokio-rustls", TLS), ("zeroize", "wipes memory")];

/// The output of a subcommand of cargo on the packages that this build consists of, without network.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .args(["--locked", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    if cfg!(feature = "fips") {
        command.args(["--features", "fips"]);
    }
    let output = command.output().expect("cargo");
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

/// The crates that are linked into the program: no macros, nothing for builds or tests.
fn linked() -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--package=oscal-mcp-server",
        "--edges=normal,no-proc-macro",
        "--prefix=none",
        "--format={p}",
    ]);
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The crates that crates.io lists under "cryptography".
fn listed() -> BTreeSet<String> {
    let metadata: Value = serde_json::from_str(&cargo(&[
        "metadata",
        "--format-version=1",
        &format!(
            "--filter-platform={}-unknown-linux-gnu",
            std::env::consts::ARCH
        ),
    ]))
    .expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let is_listed = |package: &&Value| {
        let categories = package["categories"].as_array();
        categories.is_some_and(|all| all.contains(&json!("cryptography")))
    };
    let names = packages.iter().filter(is_listed);
    names
        .map(|package| package["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn sounds_like_cryptography(name: &str) -> bool {
    let name = name.replace('_', "-");
    let is_word = |word: &str| WORDS.contains(&word);
    name.split('-').any(is_word) || FRAGMENTS.iter().any(|fragment| name.contains(fragment))
}

#[test]
fn every_crate_that_implements_cryptography_is_known_and_has_its_reason() {
    for name in [
        "sha1_smol",
        "md5",
        "ring",
        "native-tls",
        "ed25519-dalek",
        "rsa",
    ] {
        assert!(sounds_like_cryptography(name), "{name}");
    }
    for name in ["sharded-slab", "serde", "strsim", "tower-http"] {
        assert!(!sounds_like_cryptography(name), "{name}");
    }
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().chain(NO_CRYPTOGRAPHY).collect();
    let (linked, listed) = (linked(), listed());
    assert!(linked.contains("oscal-mcp-server") && listed.contains("sha2"));
    let found: BTreeSet<_> = linked
        .iter()
        .filter(|name| sounds_like_cryptography(name) || listed.contains(*name))
        .map(String::as_str)
        .collect();
    let unknown: Vec<_> = found
        .iter()
        .filter(|name| !allowed.contains_key(*name))
        .collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?} implement cryptography outside the module: do without them, or give a reason in ALLOWED"
    );
    let gone: Vec<_> = allowed
        .keys()
        .filter(|name| !found.contains(*name))
        .filter(|name| cfg!(feature = "fips") || **name != "aws-lc-fips-sys")
        .collect();
    assert!(
        gone.is_empty(),
        "{gone:?} are no longer linked: remove them"
    );
}

/// In a build of the profile `dev`, whose binary has its symbols.
#[cfg(feature = "fips")]
#[test]
fn a_fips_build_is_linked_with_no_other_aws_lc() {
    let binary = fs::read(env!("CARGO_BIN_EXE_oscal-mcp-server")).expect("built");
    let has = |text: &[u8]| memchr::memmem::find(&binary, text).is_some();
    assert!(has(b"aws_lc_fips_0_"), "the module's own symbols");
    assert!(!has(b"aws_lc_0_"), "symbols of aws-lc-sys");
}

#[tokio::test]
async fn the_module_is_named_by_version_about_metrics_log_and_doctor() {
    let module = CryptographicModule::linked().to_string();
    assert_eq!(module.starts_with("AWS-LC FIPS "), cfg!(feature = "fips"));
    let version = stdout(&run(&["--version"], &[]));
    let expected = format!(
        "oscal-mcp-server {}\ncryptographic module: {module}\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(version, expected);
    let short = stdout(&run(&["-V"], &[]));
    assert_eq!(
        short,
        format!("oscal-mcp-server {}\n", env!("CARGO_PKG_VERSION"))
    );

    let (answers, _) = over_stdio(&[], &[], &[tool_call("about", &json!({}))]);
    let about = &answers[1]["result"];
    assert_eq!(about["structuredContent"]["cryptographic_module"], module);
    let text = about["content"][0]["text"].as_str().expect("text");
    assert!(
        text.contains(&format!("- Cryptography: {module}\n")),
        "{text}"
    );

    let fake = FakeAuthorizationServer::start();
    let flags = [
        protected_by(fake.issuer()),
        vec!["--admin-addr=127.0.0.1:0".to_owned()],
    ]
    .concat();
    let server = Server::start(&flags, &[crate::support::SECRET]);
    let log = server.wait_for_log("starting");
    assert!(log.contains(&module), "{log}");
    let url = format!("http://{}/metrics", server.admin_address());
    let metrics = reqwest::get(url)
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    let label = format!("cryptographic_module=\"{module}\"");
    let build = metrics
        .lines()
        .find(|line| line.starts_with("oscal_mcp_server_build_info"));
    assert!(build.is_some_and(|line| line.contains(&label)), "{metrics}");

    let doctor: Vec<String> = ["doctor".to_owned()].into_iter().chain(flags).collect();
    let report = stdout(&run(&doctor, &[crate::support::SECRET]));
    assert!(
        report.contains(&format!("cryptographic module {module}\n")),
        "{report}"
    );
}

#[test]
fn the_evidence_is_oscal_and_claims_no_certificate() {
    let output = run(&["doctor", "--fips-evidence"], &[]);
    let status = i32::from(!cfg!(feature = "fips"));
    assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
    let text = stdout(&output);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let components = &document["component-definition"]["components"];
    let property = |at: usize, name: &str| {
        let props = components[at]["props"].as_array().expect("properties");
        let found = props.iter().find(|prop| prop["name"] == name);
        found.map(|prop| prop["value"].as_str().expect("text").to_owned())
    };
    let module = CryptographicModule::linked();
    assert_eq!(components[1]["title"], module.name());
    assert_eq!(property(1, "version").as_deref(), Some(module.version()));
    let mode = if cfg!(feature = "fips") { "on" } else { "off" };
    assert_eq!(property(1, "fips-mode").as_deref(), Some(mode));
    assert_eq!(property(1, "self-tests").as_deref(), Some("passed"));
    assert_eq!(
        components[2]["type"] == "validation",
        cfg!(feature = "fips")
    );
    assert!(
        !text.contains("certificate #") && !text.contains("\"name\": \"validation-reference\"")
    );
    let again = stdout(&run(&["doctor", "--fips-evidence"], &[]));
    let again: Value = serde_json::from_str(&again).expect("JSON");
    assert_ne!(
        document["component-definition"]["uuid"],
        again["component-definition"]["uuid"]
    );

    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::write(folder.path().join("evidence.json"), &text).expect("writable");
    let library = Library::load(&[], Some(folder.path()), Limits::default()).expect("a folder");
    assert_eq!(library.problems(), []);
    let view = library.view(|_| true);
    let loaded = view.documents().next().expect("a document");
    assert_eq!(
        loaded.info().title,
        "Cryptographic Modules of oscal-mcp-server"
    );
}
