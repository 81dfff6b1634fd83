//! Converts JSON numbers to integers, and integers back to exactly the same text.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

/// The integer form of a number's text, or [`ParsedNumber::Other`] if no integer form prints the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsedNumber {
    Int(i64),
    /// Between -1000 and 1000 with at most 15 decimals.
    Small(Decimal),
    /// Between -10^9 and 10^9 with at most 9 decimals.
    Large(Decimal),
    Other,
}

/// `digits` / 10^`scale`, printed with as few decimals as possible, but at least one: `2.0`, `0.25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) digits: i64,
    pub(crate) scale: u8,
}

/// The maximum number of decimals of [`ParsedNumber::Small`] and of [`ParsedNumber::Large`].
pub(crate) const SMALL_SCALE: u8 = 15;
pub(crate) const LARGE_SCALE: u8 = 9;

/// Parses the text of a JSON number.
pub(crate) fn parse(text: &[u8]) -> ParsedNumber {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let mut value = 0i64; // always negative, because i64::MIN has no positive counterpart
    let mut decimals = None;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                let next = value.checked_mul(10).and_then(|v| v.checked_sub(i64::from(byte - b'0')));
                let Some(next) = next else { return ParsedNumber::Other };
                value = next;
                decimals = decimals.map(|n| n + 1);
            }
            b'.' => decimals = Some(0u8),
            _ => return ParsedNumber::Other,
        }
    }
    match (negative, value) {
        (true, 0) => return ParsedNumber::Other,
        (false, i64::MIN) => return ParsedNumber::Other,
        (false, _) => value = -value,
        _ => {}
    }
    let Some(scale) = decimals else { return ParsedNumber::Int(value) };
    if text.ends_with(b".0") {
        return classify(Decimal { digits: value / 10, scale: 0 });
    }
    if text.ends_with(b"0") { ParsedNumber::Other } else { classify(Decimal { digits: value, scale }) }
}

/// Returns whether `text` is a JSON number without an exponent.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, decimals) = match digits.iter().position(|b| *b == b'.') {
        Some(dot) => (digits.get(..dot), digits.get(dot + 1..)),
        None => (Some(digits), Some(&b"0"[..])),
    };
    let are_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    whole.is_some_and(|whole| are_digits(whole) && (whole.len() == 1 || !whole.starts_with(b"0")))
        && decimals.is_some_and(are_digits)
}

fn classify(decimal: Decimal) -> ParsedNumber {
    let whole = if decimal.scale <= 18 { decimal.digits.unsigned_abs() / power(decimal.scale) } else { 0 };
    if whole < 1000 && decimal.scale <= SMALL_SCALE {
        ParsedNumber::Small(decimal)
    } else if whole < 1_000_000_000 && decimal.scale <= LARGE_SCALE {
        ParsedNumber::Large(decimal)
    } else {
        ParsedNumber::Other
    }
}

/// Returns 10^`n`, for `n` up to 19.
pub(crate) const fn power(n: u8) -> u64 {
    10u64.saturating_pow(n as u32)
}

/// Appends an integer.
pub(crate) fn write_int(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    write_digits(out, value.unsigned_abs(), 1);
}

/// Appends `value` with at least `width` (at most 20) digits.
pub(crate) fn write_digits(out: &mut String, mut value: u64, width: usize) {
    let mut text = [b'0'; 20];
    let mut len = 0;
    for digit in text.iter_mut().rev() {
        if value == 0 && len >= width {
            break;
        }
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        len += 1;
    }
    let digits = text.get(20 - len..).unwrap_or_default();
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

/// Appends `digits` / 10^`scale` in the form of [`Decimal`].
pub(crate) fn write_decimal(out: &mut String, digits: i64, scale: u8) {
    if digits < 0 {
        out.push('-');
    }
    let one = power(scale);
    write_digits(out, digits.unsigned_abs() / one, 1);
    let (mut rest, mut width) = (digits.unsigned_abs() % one, usize::from(scale));
    while width > 1 && rest % 10 == 0 {
        rest /= 10;
        width -= 1;
    }
    out.push('.');
    write_digits(out, rest, width.max(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Option<String> {
        let mut out = String::new();
        match parse(text.as_bytes()) {
            ParsedNumber::Int(value) => write_int(&mut out, value),
            // Like a column: at the largest scale of its values.
            ParsedNumber::Small(d) => {
                write_decimal(&mut out, d.digits * power(SMALL_SCALE - d.scale) as i64, SMALL_SCALE);
            }
            ParsedNumber::Large(d) => {
                write_decimal(&mut out, d.digits * power(LARGE_SCALE - d.scale) as i64, LARGE_SCALE);
            }
            ParsedNumber::Other => return None,
        }
        Some(out)
    }

    #[test]
    fn prints_same_text_for_integer_forms() {
        for text in [
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "0.0",
            "2.0",
            "-0.5",
            "-15.123456",
            "999.123456789012345",
            "-999.999999999999999",
            "1000.5",
            "999999999.999999999",
            "123456.0",
            "0.000000000000001",
            "10.01",
            "100.0",
        ] {
            assert_eq!(printed(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn keeps_other_numbers_as_text() {
        for text in [
            "-0",
            "-0.0",
            "1e5",
            "1E+05",
            "9223372036854775808",
            "1.50",
            "2.00",
            "0.0000000000000001",
            "1000.0000000001",
            "1000000000.5",
            "-0.00",
            "0.12345678901234567890",
            "1.0e1",
        ] {
            assert_eq!(printed(text), None, "{text}");
        }
    }
}
