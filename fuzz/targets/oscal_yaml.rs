//! A document in YAML: see `oscal_format`.
#![no_main]

mod oscal_format;

use libfuzzer_sys::fuzz_target;
use oscal_documents::Format;

fuzz_target!(|text: &str| oscal_format::check(text, Format::Yaml, "fuzz.yaml"));
