//! 核销码 as they are minted: digits from the operating system's randomness, because whoever knows them gets the goods.
//!
//! Twelve of them: guessing one of a million open codes takes a million tries on average, and every try is an app's signed
//! call or a clerk's. That no code is given twice the database sees to.

use astrolabe_core::ids::HandoverCode;

const DIGITS: usize = 12;
const CODES: u64 = 10_u64.pow(DIGITS as u32);

/// A code that nobody can guess.
pub(crate) fn fresh_handover_code() -> HandoverCode {
    // `rand`'s own generator is a cryptographic one, seeded by the operating system.
    HandoverCode::of(format!("{:0DIGITS$}", rand::random_range(0..CODES)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_twelve_digits_and_differ() {
        let codes: BTreeSet<HandoverCode> = (0..1_000).map(|_| fresh_handover_code()).collect();
        assert!(codes.len() >= 999, "a thousand of a million million do not meet");
        for code in codes {
            let digits = code.digits();
            assert!(digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit()));
            assert!(!format!("{code:?}").contains(digits), "a code is not printed");
        }
    }
}
