//! Loading a library, and loading it again.

use std::collections::HashSet;
use std::path::Path;

use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::library::listing::{Listing, LoadError};
use crate::library::loader::Loader;

impl Library {
    /// Loads the JSON files in and below `directory`, and then the built-in documents, given as name
    /// and text. A file that cannot be served becomes a [`Problem`](crate::Problem). Of several
    /// documents with the same uuid and model the first is served, so a file can replace a built-in
    /// document.
    ///
    /// # Errors
    ///
    /// The directory does not exist, is not a directory or cannot be read.
    pub fn load(
        built_in: &[(&str, &str)],
        directory: Option<&Path>,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let listing = directory
            .map(|directory| Listing::of(directory, limits))
            .transpose()?;
        let nothing = Self::default();
        Ok(Loader::new(&nothing, limits).load(built_in, listing.as_ref(), &HashSet::new()))
    }

    /// The library of the directory as it is now. Only files that have changed are read; the files
    /// in `held` keep what this library has of them.
    ///
    /// If a file can no longer be served, because it is half-written for instance, the document that
    /// this library has of it stays, and a [`Problem`](crate::Problem) says so. The document goes
    /// when the file is gone or another file has the same document.
    pub fn reload(
        &self,
        built_in: &[(&str, &str)],
        listing: &Listing,
        held: &HashSet<String>,
        limits: Limits,
    ) -> Self {
        Loader::new(self, limits).load(built_in, Some(listing), held)
    }
}
