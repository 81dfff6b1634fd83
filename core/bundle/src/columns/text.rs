//! The content of JSON strings in canonical form.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use std::fmt::Write as _;

/// Returns whether `text` is valid content between the quotes of a canonical JSON string.
pub(crate) fn is_content(text: &str) -> bool {
    let mut bytes = text.as_bytes();
    let mut after_high = false; // an unpaired high surrogate comes just before
    loop {
        let run = bytes.iter().position(|b| *b < 0x20 || matches!(b, b'"' | b'\\')).unwrap_or(bytes.len());
        after_high &= run == 0;
        let Some(rest) = bytes.get(run..) else { return false };
        match rest {
            [] => return true,
            [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => {
                after_high = false;
                bytes = rest;
            }
            [b'\\', b'u', a, b, c, d, rest @ ..] => {
                let Some(unit) = unit([*a, *b, *c, *d]) else { return false };
                let named = matches!(unit, 0x08 | 0x09 | 0x0a | 0x0c | 0x0d);
                let low = (0xdc00..0xe000).contains(&unit);
                // The canonical form writes a surrogate pair as its character.
                if named || !(unit < 0x20 || (0xd800..0xe000).contains(&unit)) || (low && after_high) {
                    return false;
                }
                after_high = (0xd800..0xdc00).contains(&unit);
                bytes = rest;
            }
            _ => return false,
        }
    }
}

fn unit(digits: [u8; 4]) -> Option<u16> {
    digits.iter().try_fold(0, |unit, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(unit << 4 | u16::from(value))
    })
}

/// Escapes any text as the content of a canonical JSON string.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a string cannot fail.
            c if c < ' ' => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

/// Reverses [`escape`]. Returns `None` for content that no text has (an unpaired surrogate); only a body may contain
/// it.
pub(crate) fn unescape(content: &str) -> Option<String> {
    let mut out = String::with_capacity(content.len());
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits = chars.as_str().get(..4)?;
                let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                chars = chars.as_str().get(4..)?.chars();
                c
            }
            c => c,
        });
    }
    Some(out)
}

/// Returns whether keys `a` and `b`, as content, are in canonical order. Canonical order compares keys with their
/// closing quote, so `a!` comes before `a`.
pub(crate) fn keys_ascend(a: &str, b: &str) -> bool {
    a.bytes().chain([b'"']).lt(b.bytes().chain([b'"']))
}

/// Returns how deep arrays and objects nest in a canonical text.
pub(crate) fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use fieldcast_model::Json;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escapes_and_unescapes_any_text(text in ".*|[\\x00-\\x1f\"\\\\]*") {
            let content = escape(&text);
            prop_assert!(is_content(&content));
            let quoted = format!("\"{content}\"");
            let json = Json::parse(&quoted).unwrap();
            prop_assert_eq!(json.as_str(), &quoted);
            prop_assert_eq!(unescape(&content), Some(text));
        }

        #[test]
        fn accepts_exactly_canonical_content(text in "(\\\\(u(00[01][0-9a-fA-F]|d[89a-f]00|0041)|[\"\\\\/bfnrtx])|[a\"é])*") {
            let quoted = format!("\"{text}\"");
            let is_canonical = Json::parse(&quoted).is_ok_and(|json| json.as_str() == quoted);
            prop_assert_eq!(is_content(&text), is_canonical);
        }
    }
}
