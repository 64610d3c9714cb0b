//! How long documents take to read in each format, against the same documents as JSON.
//!
//! ```sh
//! cargo run --release -p oscal-documents --example format-speed           # made-up catalogs
//! cargo run --release -p oscal-documents --example format-speed -- FILES  # XML and YAML files
//! ```
//!
//! A file is compared with the JSON that it is read into, pretty-printed as publishers do.

use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use std::{fs, io};

use oscal_documents::{Document, Format, to_json, to_yaml};
use serde_json::Value;

const RUNS: u32 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let files: Vec<_> = std::env::args().skip(1).collect();
    if files.is_empty() {
        for controls in [1_000, 10_000] {
            let xml = catalog(controls);
            compare(&mut out, "made-up.xml", &xml)?;
            let value = serde_json::from_str(&to_json(&xml, Format::Xml)?)?;
            compare(&mut out, "made-up.yaml", &to_yaml(&value))?;
        }
    }
    for file in files {
        compare(&mut out, &file, &fs::read_to_string(&file)?)?;
    }
    Ok(())
}

fn compare(out: &mut impl io::Write, file: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let format = Format::of_file(file).ok_or("not a name of an OSCAL file")?;
    let value: Value = serde_json::from_str(&to_json(text, format)?)?;
    let json = serde_json::to_string_pretty(&value)?;
    let as_json = time("same.json", &json)?;
    let given = time(file, text)?;
    let name = file.rsplit('/').next().unwrap_or(file);
    writeln!(
        out,
        "{name}: {:.1} MB {format} in {given:.0?}, {:.1} MB JSON in {as_json:.0?}: {:.1} times",
        text.len() as f64 / 1e6,
        json.len() as f64 / 1e6,
        given.as_secs_f64() / as_json.as_secs_f64()
    )?;
    Ok(())
}

/// The shortest time of several, for the least disturbed one.
fn time(file: &str, text: &str) -> Result<Duration, Box<dyn Error>> {
    let mut shortest = Duration::MAX;
    for _ in 0..RUNS {
        let text = text.to_owned();
        let begun = Instant::now();
        Document::parse(file, text, false)?;
        shortest = shortest.min(begun.elapsed());
    }
    Ok(shortest)
}

/// A catalog with statements, guidance, parameters and properties, some 1 KB a control.
fn catalog(controls: usize) -> String {
    let mut xml = String::from(
        "<catalog xmlns=\"http://csrc.nist.gov/ns/oscal/1.0\" \
         uuid=\"00000000-0000-4000-8000-000000000001\">\n  <metadata><title>Made up</title></metadata>\n",
    );
    for number in 0..controls {
        let _ = write!(
            xml,
            "  <control id=\"xy-{number}\" class=\"made-up\">
    <title>Control {number}</title>
    <param id=\"xy-{number}_prm\"><label>how often</label></param>
    <prop name=\"label\" value=\"XY-{number}\"/>
    <prop name=\"sort-id\" value=\"xy-{number:06}\"/>
    <link href=\"#xy-0\" rel=\"related\"/>
    <part name=\"statement\" id=\"xy-{number}_smt\">
      <p>Look at it every <insert type=\"param\" id-ref=\"xy-{number}_prm\"/> and say \"seen\":</p>
      <part name=\"item\" id=\"xy-{number}_smt.a\"><p>from the left &amp; from the right;</p></part>
      <part name=\"item\" id=\"xy-{number}_smt.b\"><p>from <em>above</em>, if there is an above.</p></part>
    </part>
    <part name=\"guidance\" id=\"xy-{number}_gdn\">
      <p>Whoever looks at it takes the time that looking takes, writes down what there is to see, and
        compares that with what was written down before. See <a href=\"#xy-0\">XY-0</a>.</p>
    </part>
  </control>\n"
        );
    }
    xml + "</catalog>\n"
}
