//! Loading and reloading a library.

use std::collections::HashSet;
use std::path::Path;

use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::library::listing::{Listing, LoadError};
use crate::library::loader::Loader;

impl Library {
    /// Loads the JSON, YAML and XML files in `directory` and below it, and then the built-in documents,
    /// given as name and text. What cannot be served becomes a [`Problem`](crate::Problem).
    ///
    /// Copies of a document are one document with the names of all its files. Documents that share
    /// a uuid but say different things are all served; see
    /// [`DocumentInfo::id`](crate::DocumentInfo::id). A file with the uuid of a built-in document
    /// replaces it.
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

    /// The library for the directory as it is now. Reads only files that have changed; for the
    /// files in `held`, keeps what this library has.
    ///
    /// If a file can no longer be served, for instance because it is half-written, this library's
    /// document of it stays, and a [`Problem`](crate::Problem) says so. The document goes when the
    /// file is gone, or when a document of the same uuid arrives in another file.
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
