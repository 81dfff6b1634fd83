//! Resolves names from the command line: boundaries by code or name, devices by name or fingerprint.

use fieldcast::{DeviceName, Fingerprint, SnapshotSummary};

use crate::error::{Error, Result};
use crate::text::safe;

/// The name of the data that is outside all boundaries.
pub(crate) const OUTSIDE: &str = "-";

/// The smallest number of fingerprint digits that names a device.
const MIN_DIGITS: usize = 4;

/// The index of each named boundary in `known`, a list of `(code, name)`. Each index once, in the order of `named`.
///
/// # Errors
/// [`Error::Usage`] if a boundary is unknown, or if several boundaries have the name. `place` names the searched list.
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
        [] => Err(Error::Usage(format!("no village `{wanted}` {place}"))),
        several => {
            let codes: Vec<_> = several.iter().map(|(_, (code, _))| safe(code)).collect();
            Err(Error::Usage(format!(
                "several villages are called `{wanted}`: give the code instead, one of {}",
                codes.join(", ")
            )))
        }
    }
}

/// Finds the dataset of `held` with this boundary, by code or name ([`OUTSIDE`] for data outside all boundaries). If
/// several projects have the boundary, `project` selects one, by id or name.
///
/// # Errors
/// [`Error::Usage`] if no dataset matches, or if several match.
pub(crate) fn find_dataset<'d>(
    held: impl Iterator<Item = &'d SnapshotSummary>,
    boundary: &str,
    project: Option<&str>,
) -> Result<&'d SnapshotSummary> {
    let code = |summary: &&'d SnapshotSummary| summary.dataset.boundary.as_deref().unwrap_or(OUTSIDE);
    let in_project = |summary: &&SnapshotSummary| {
        project.is_none_or(|project| summary.dataset.project == project || summary.project_name == project)
    };
    let held: Vec<_> = held.filter(in_project).collect();
    let mut known: Vec<_> = held.iter().map(|summary| (code(summary), summary.boundary_name.as_str())).collect();
    known.sort_unstable();
    known.dedup();
    let found = known[find_boundary(&known, boundary, "on this device: run `fieldcast status` to see the list")?].0;
    let meant: Vec<_> = held.into_iter().filter(|summary| code(summary) == found).collect();
    match meant.as_slice() {
        [summary] => Ok(summary),
        several => {
            let project = |summary: &&SnapshotSummary| {
                format!("{} ({})", safe(&summary.project_name), safe(&summary.dataset.project))
            };
            let projects = several.iter().map(project).collect::<Vec<_>>().join(", ");
            Err(Error::Usage(format!(
                "several projects have this village: choose one with --project NAME_OR_ID, one of {projects}"
            )))
        }
    }
}

/// Finds the single device that `wanted` matches (see [`is_device`]). `of` returns the fingerprint and the name of an
/// item. `kind` names the items, and `command` lists them.
///
/// # Errors
/// [`Error::Usage`] if no device matches, or if several match.
pub(crate) fn find_device<T>(
    items: impl IntoIterator<Item = T>,
    wanted: &str,
    of: fn(&T) -> (&Fingerprint, &DeviceName),
    kind: &str,
    command: &str,
) -> Result<T> {
    let is_wanted = |item: &T| {
        let (fingerprint, name) = of(item);
        is_device(wanted, fingerprint, name)
    };
    let mut matching = items.into_iter().filter(is_wanted);
    match (matching.next(), matching.next()) {
        (Some(item), None) => Ok(item),
        (None, _) => Err(Error::Usage(format!("no {kind} `{wanted}`: run `{command}` to see the list"))),
        _ => Err(Error::Usage(format!("several devices are called `{wanted}`: give the fingerprint instead"))),
    }
}

/// Whether `wanted`, a name or the first digits of a fingerprint, matches this device.
pub(crate) fn is_device(wanted: &str, fingerprint: &Fingerprint, name: &DeviceName) -> bool {
    let digits: String = wanted.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
    let is_fingerprint = digits.len() >= MIN_DIGITS && fingerprint.to_string().starts_with(&digits);
    is_fingerprint || DeviceName::new(wanted).as_str().to_lowercase() == name.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use fieldcast::{Dataset, Digest, ServerTime};

    use super::*;

    const KNOWN: [(&str, &str); 3] = [("MZ_01", "Nacuca"), ("MZ_02", "Mualo"), ("MZ_03", "Mualo")];

    fn find(names: &[&str]) -> Result<Vec<usize>> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        find_boundaries(&KNOWN, &names, "here")
    }

    #[test]
    fn finds_each_code_or_name_once_in_any_case() {
        assert_eq!(find(&["mz_03", "NACUCA", "MZ_01"]).unwrap(), [2, 0]);
    }

    #[test]
    fn rejects_unknown_and_ambiguous_names_with_advice() {
        assert_eq!(find(&["x"]).unwrap_err().to_string(), "no village `x` here");
        assert!(find(&["Mualo"]).unwrap_err().to_string().ends_with("one of MZ_02, MZ_03"));
    }

    #[test]
    fn matches_a_device_by_name_or_fingerprint() {
        let (fingerprint, name) = (Fingerprint([0x1a; 32]), DeviceName::new("Asha"));
        let is = |wanted: &str| is_device(wanted, &fingerprint, &name);
        assert!(is("asha") && is(" Asha ") && is("1a1a") && is("1A1A-1a1a") && is(&fingerprint.to_string()));
        assert!(!is("1a") && !is("1b1a") && !is("Ash") && !is(""));
    }

    #[test]
    fn asks_for_the_project_of_a_shared_village() {
        let summary = |project: &str, boundary: Option<&str>| SnapshotSummary {
            dataset: Dataset { tenant: "mz".into(), project: project.into(), boundary: boundary.map(Into::into) },
            project_name: format!("Nets {project}"),
            boundary_name: if boundary.is_some() { "Nacuca".into() } else { String::new() },
            as_of: ServerTime(9),
            records: 0,
            households: 0,
            json_bytes: 0,
            digest: Digest::EMPTY,
        };
        let held = [summary("p1", Some("MZ_01")), summary("p2", Some("MZ_01")), summary("p2", None)];
        let find = |boundary, project| find_dataset(held.iter(), boundary, project);
        assert_eq!(find("nacuca", Some("p2")).unwrap(), &held[1]);
        assert_eq!(find("MZ_01", Some("Nets p1")).unwrap(), &held[0]);
        assert_eq!(find(OUTSIDE, None).unwrap(), &held[2]);
        let several = find("Nacuca", None).unwrap_err().to_string();
        assert!(several.contains("Nets p1 (p1), Nets p2 (p2)"), "{several}");
        assert!(find("MZ_02", None).is_err());
    }
}
