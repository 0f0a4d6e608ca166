//! "90s", "15m", "72h" to durations and "8MiB" to bytes, and back.

use std::time::Duration;

/// What a duration looks like, for messages.
pub(super) const DURATION: &str = "a duration such as \"90s\", \"15m\" or \"72h\"";

/// What a size looks like, for messages.
pub(super) const SIZE: &str = "a size such as \"64KiB\", \"8MiB\" or \"1GiB\"";

/// Units of time and their milliseconds, longest first.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Units of size and their bytes, largest first; the powers of two before the powers of ten.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("B", 1),
];

/// Reads whole numbers with a unit each, side by side: "90s", "1h30m". `None` where it is not that, or too long.
pub fn duration(text: &str) -> Option<Duration> {
    if text.is_empty() {
        return None;
    }
    let (mut rest, mut millis) = (text, 0_u64);
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let (_, each) = TIMES.iter().find(|(name, _)| *name == unit.trim())?;
        millis = millis.checked_add(number.checked_mul(*each)?)?;
        rest = next;
    }
    Some(Duration::from_millis(millis))
}

/// Reads a whole number with a unit: "8MiB", "512 KiB". `None` where it is not that, or too large.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = leading_number(text)?;
    let (_, each) = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.checked_mul(*each)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// The shortest form [`duration`] reads back: the longest unit that divides it. Below a millisecond is cut.
pub(super) fn show_duration(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    // Whole days are said from the fourth on: "72h" is how desks speak.
    let fits = |&&(unit, each): &&(&str, u64)| {
        millis.is_multiple_of(each) && (unit != "d" || millis > 3 * each)
    };
    let (unit, each) = TIMES.iter().find(fits).unwrap_or(&("ms", 1));
    format!("{}{unit}", millis / each)
}

/// The shortest form [`size`] reads back.
pub(super) fn show_size(bytes: u64) -> String {
    let fits = |&&(unit, each): &&(&str, u64)| {
        bytes > 0 && bytes.is_multiple_of(each) && (unit.ends_with("iB") || unit == "B")
    };
    let (unit, each) = SIZES.iter().find(fits).unwrap_or(&("B", 1));
    format!("{}{unit}", bytes / each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_carry_their_unit() {
        for (text, millis) in [
            ("90s", 90_000),
            ("15m", 900_000),
            ("72h", 259_200_000),
            ("2d", 172_800_000),
            ("250ms", 250),
            ("1h30m", 5_400_000),
            ("5 m", 300_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "90", "s", "1.5h", "-1s", "1w", "9999999999999999d", "1h 30", "١s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_carry_their_unit() {
        for (text, bytes) in
            [("8MiB", 8 << 20), ("64kib", 64 << 10), ("1GB", 1_000_000_000), ("512 B", 512)]
        {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for bad in ["", "8", "MiB", "8M", "8 TiB", "99999999999GiB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_shown_is_what_desks_write() {
        for text in ["90s", "15m", "72h", "2h", "7d", "250ms", "0s"] {
            assert_eq!(show_duration(duration(text).unwrap()), text);
        }
        for text in ["8MiB", "1GiB", "1000B", "0B"] {
            assert_eq!(show_size(size(text).unwrap()), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_shown_reads_back(millis in 0_u64..=1 << 50, bytes: u64) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(duration(&show_duration(span)), Some(span));
            prop_assert_eq!(size(&show_size(bytes)), Some(bytes));
        }
    }
}
