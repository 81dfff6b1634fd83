//! Who and what is meant: boundaries by code or name, devices by name or fingerprint.

use fieldcast::{DeviceName, Fingerprint};

use crate::error::{Error, Result};
use crate::text::safe;

/// The fewest digits of a fingerprint that name a device.
const MIN_DIGITS: usize = 4;

/// The index of each boundary named, given as `(code, name)`, each once and in the order named.
///
/// # Errors
/// [`Error::Usage`] for one that is not there, or whose name several have. `place` says where was looked.
pub(crate) fn find_boundaries(known: &[(&str, &str)], named: &[String], place: &str) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    for name in named {
        let index = find_boundary(known, name, place)?;
        if !found.contains(&index) {
            found.push(index);
        }
    }
    Ok(found)
}

fn find_boundary(known: &[(&str, &str)], wanted: &str, place: &str) -> Result<usize> {
    let same = |a: &str| a.to_lowercase() == wanted.trim().to_lowercase();
    if let Some(index) = known.iter().position(|(code, _)| same(code)) {
        return Ok(index);
    }
    let named: Vec<_> = known.iter().enumerate().filter(|(_, (_, name))| same(name)).collect();
    match named.as_slice() {
        [(index, _)] => Ok(*index),
        [] => Err(Error::Usage(format!("no boundary `{wanted}` {place}"))),
        several => {
            let codes: Vec<_> = several.iter().map(|(_, (code, _))| safe(code)).collect();
            Err(Error::Usage(format!(
                "several boundaries are called `{wanted}`: give the code, one of {}",
                codes.join(", ")
            )))
        }
    }
}

/// Whether `wanted`, a name or the beginning of a fingerprint, means this device.
pub(crate) fn is_device(wanted: &str, fingerprint: &Fingerprint, name: &DeviceName) -> bool {
    let digits: String = wanted.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
    let is_fingerprint = digits.len() >= MIN_DIGITS && fingerprint.to_string().starts_with(&digits);
    is_fingerprint || DeviceName::new(wanted).as_str().to_lowercase() == name.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, &str); 3] = [("MZ_01", "Nacuca"), ("MZ_02", "Mualo"), ("MZ_03", "Mualo")];

    fn find(names: &[&str]) -> Result<Vec<usize>> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        find_boundaries(&KNOWN, &names, "here")
    }

    #[test]
    fn codes_and_names_are_found_once_each_in_any_case() {
        assert_eq!(find(&["mz_03", "NACUCA", "MZ_01"]).unwrap(), [2, 0]);
    }

    #[test]
    fn what_is_unknown_or_ambiguous_is_refused_with_advice() {
        assert_eq!(find(&["x"]).unwrap_err().to_string(), "no boundary `x` here");
        assert!(find(&["Mualo"]).unwrap_err().to_string().ends_with("one of MZ_02, MZ_03"));
    }

    #[test]
    fn a_device_is_named_by_name_or_fingerprint() {
        let (fingerprint, name) = (Fingerprint([0x1a; 32]), DeviceName::new("Asha"));
        let is = |wanted: &str| is_device(wanted, &fingerprint, &name);
        assert!(is("asha") && is(" Asha ") && is("1a1a") && is("1A1A-1a1a") && is(&fingerprint.to_string()));
        assert!(!is("1a") && !is("1b1a") && !is("Ash") && !is(""));
    }
}
