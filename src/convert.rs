//! The `convert` subcommand: an OSCAL document in another format, on standard output.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use oscal_documents::{Document, DocumentError, Limits, to_yaml};

/// Why a file cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The file cannot be read, or the output not written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is larger than documents may be.
    #[error("larger than {0} bytes; split it")]
    TooLarge(u64),
    /// It is not an OSCAL document.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Writes the document in `file` to `out`, as YAML or as JSON with indentation.
///
/// # Errors
///
/// [`ConvertError`].
pub fn run(file: &Path, yaml: bool, out: &mut impl Write) -> Result<(), ConvertError> {
    let limit = Limits::default().file_bytes;
    let mut text = String::new();
    File::open(file)?
        .take(limit + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(ConvertError::TooLarge(limit));
    }
    let document = Document::parse(file.to_string_lossy(), text, false)?;
    // The text was checked when it was read.
    let value = document.value().map_err(io::Error::from)?;
    if yaml {
        out.write_all(to_yaml(&value).as_bytes())?;
    } else {
        serde_json::to_writer_pretty(&mut *out, &value).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
