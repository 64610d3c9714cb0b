//! The uuid of a resolved catalog.

use std::fmt;

/// A uuid that is made from texts, always the same one from the same texts.
///
/// It has the form of a name-based uuid (RFC 9562 section 5.5), which is one of the two that OSCAL
/// accepts. The hash is FNV-1a of 128 bits instead of SHA-1: nobody has to make the same uuid.
pub(super) struct Identity(u128);

impl Identity {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;

    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let bytes = texts.flat_map(|text| text.bytes().chain([0]));
        let hash = |hash: u128, byte| (hash ^ u128::from(byte)).wrapping_mul(Self::PRIME);
        Self(bytes.fold(Self::OFFSET, hash))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = 5 << 76;
        let variant = 0b10 << 62;
        let bits = self.0 & !(0xf << 76) & !(0b11 << 62) | version | variant;
        let hex = format!("{bits:032x}");
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        f.write_str(&parts.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_version_and_variant() {
        let uuid = |texts: &[&str]| Identity::of(texts.iter().copied()).to_string();
        for texts in [&[][..], &["a"], &["a", "b"], &["ab"]] {
            let uuid = uuid(texts);
            assert_eq!((uuid.len(), &uuid[14..15]), (36, "5"), "{uuid}");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab"]));
        assert_eq!(uuid(&["a"]), uuid(&["a"]));
    }
}
