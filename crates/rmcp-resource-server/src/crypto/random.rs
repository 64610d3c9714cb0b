//! Randomness for keys, nonces and ids, from the generator of the cryptographic module.

/// Random bytes.
///
/// # Panics
///
/// Panics if the operating system provides no randomness: nothing safe could follow.
pub(crate) fn bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has no randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_the_same() {
        let (one, other) = (bytes::<32>(), bytes::<32>());
        assert_ne!(one, other);
        assert_ne!(one, [0; 32]);
    }
}
