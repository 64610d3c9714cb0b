//! The uuid of a resolved catalog.

use uuid::{Builder, Uuid};

use crate::json::hash::hash;

/// The uuid derived from these texts; the same texts always give the same uuid.
///
/// It has the form of a name-based uuid (RFC 9562 section 5.5), one of the two forms that OSCAL
/// accepts. The hash is 128-bit FNV-1a instead of SHA-1, because nobody else has to derive the same
/// uuid.
pub(crate) fn uuid_of<'t>(texts: impl Iterator<Item = &'t str>) -> Uuid {
    let hash = hash(texts.flat_map(|text| text.bytes().chain([0])));
    // This function sets the version and variant bits.
    Builder::from_sha1_bytes(hash.to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_version_and_variant() {
        let uuid = |texts: &[&str]| uuid_of(texts.iter().copied()).to_string();
        for texts in [&[][..], &["a"], &["a", "b"], &["ab"]] {
            let uuid = uuid(texts);
            assert_eq!((uuid.len(), &uuid[14..15]), (36, "5"), "{uuid}");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab"]));
        assert_eq!(uuid(&["a"]), uuid(&["a"]));
    }
}
