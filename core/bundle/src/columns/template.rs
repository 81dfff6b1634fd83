//! Templates: running numbers within strings. `H-2025-08-24-000123` is the numbers 2025, 8, 24, 123 in a fixed
//! template.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use super::number::write_digits;

/// The maximum number of digit groups in a template, and of digits in a group. A group's number fits an i64.
pub(crate) const MAX_GROUPS: usize = 8;
pub(crate) const MAX_DIGITS: usize = 18;

/// The template of a column's strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// The texts around the groups: one more than the number of groups.
    pub(crate) literals: Vec<String>,
    /// The number of digits of each group. 0 means as many as the number needs.
    pub(crate) widths: Vec<u8>,
    /// The column of the first group's numbers. The columns of the other groups follow it.
    pub(crate) first: u32,
}

impl Template {
    /// Returns the template that all of `texts` share, if there is one.
    pub(crate) fn of<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (literals, groups) = split(texts.next()?)?;
        let literals: Vec<String> = literals.into_iter().map(str::to_owned).collect();
        let mut widths: Vec<Option<usize>> = groups.iter().map(|group| Some(group.len())).collect();
        let mut padded = vec![false; groups.len()];
        note_padding(&mut padded, &groups);
        for text in texts {
            let (other, groups) = split(text)?;
            if other.len() != literals.len() || other.iter().zip(&literals).any(|(a, b)| a != b) {
                return None;
            }
            for (width, group) in widths.iter_mut().zip(&groups) {
                *width = width.filter(|width| *width == group.len());
            }
            note_padding(&mut padded, &groups);
        }
        let mut fixed = Vec::with_capacity(widths.len());
        for (width, padded) in widths.into_iter().zip(padded) {
            match width {
                // A group without leading zeros does not need a fixed width, but a fixed width costs nothing.
                Some(width) => fixed.push(width as u8),
                None if padded => return None,
                None => fixed.push(0),
            }
        }
        Some(Self { literals, widths: fixed, first: 0 })
    }

    /// Returns the numbers of a text that has this template.
    pub(crate) fn numbers(&self, text: &str) -> Option<Vec<i64>> {
        let (_, groups) = split(text)?;
        groups.iter().map(|group| group.parse().ok()).collect()
    }

    /// Appends the text with these numbers. Returns `false` if a number does not fit its group.
    pub(crate) fn write(&self, out: &mut String, numbers: &[i64]) -> bool {
        let mut literals = self.literals.iter();
        out.push_str(literals.next().map_or("", String::as_str));
        for ((literal, width), number) in literals.zip(&self.widths).zip(numbers) {
            let digits = if *width == 0 { MAX_DIGITS as u8 } else { *width };
            if *number < 0 || number.unsigned_abs() >= super::number::power(digits) {
                return false;
            }
            write_digits(out, number.unsigned_abs(), usize::from((*width).max(1)));
            out.push_str(literal);
        }
        true
    }
}

fn note_padding(padded: &mut [bool], groups: &[&str]) {
    for (padded, group) in padded.iter_mut().zip(groups) {
        *padded |= group.len() > 1 && group.starts_with('0');
    }
}

/// Splits a text into literals and digit groups. Returns `None` if it has no group, too many groups, or a too long
/// group.
fn split(text: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    let (mut literals, mut groups) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (literal, tail) = rest.split_at_checked(start)?;
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (group, tail) = tail.split_at_checked(end)?;
        if groups.len() == MAX_GROUPS || group.len() > MAX_DIGITS {
            return None;
        }
        literals.push(literal);
        groups.push(group);
        rest = tail;
    }
    literals.push(rest);
    if groups.is_empty() { None } else { Some((literals, groups)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restores_texts_that_share_template() {
        let sets: [&[&str]; 4] = [
            &["H-2025-08-24-000123", "H-2025-09-01-000007"],
            &["24/08/2019", "01/12/1990"],
            &["7", "12", "0"],
            &["x1y22z", "x9y0z"],
        ];
        for texts in sets {
            let template = Template::of(texts.iter().copied()).unwrap();
            for text in texts {
                let mut out = String::new();
                assert!(template.write(&mut out, &template.numbers(text).unwrap()));
                assert_eq!(&out, text);
            }
        }
    }

    #[test]
    fn finds_no_template_for_other_texts() {
        let sets: [&[&str]; 5] =
            [&["abc"], &["a1", "b1"], &["1", "01"], &["1234567890123456789"], &["1a1a1a1a1a1a1a1a1"]];
        for texts in sets {
            assert_eq!(Template::of(texts.iter().copied()), None, "{texts:?}");
        }
    }
}
