//! Who and what is meant: boundaries by code or name, devices by name or fingerprint.

use fieldcast::{DeviceName, Fingerprint, SnapshotSummary};

use crate::error::{Error, Result};
use crate::text::safe;

/// How what is outside all boundaries is named.
pub(crate) const OUTSIDE: &str = "-";

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

/// The one dataset of `held` with this boundary, by code or name ([`OUTSIDE`] for what has none), and, if several projects
/// have that, of this project, by id or name.
///
/// # Errors
/// [`Error::Usage`] for one that is not there, or if several are meant.
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
    let found = known[find_boundary(&known, boundary, "on this device: see `fieldcast status`")?].0;
    let meant: Vec<_> = held.into_iter().filter(|summary| code(summary) == found).collect();
    match meant.as_slice() {
        [summary] => Ok(summary),
        several => {
            let project = |summary: &&SnapshotSummary| {
                format!("{} ({})", safe(&summary.project_name), safe(&summary.dataset.project))
            };
            let projects = several.iter().map(project).collect::<Vec<_>>().join(", ");
            Err(Error::Usage(format!("say which project with --project, by name or id: {projects} have that boundary")))
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
    use fieldcast::{Dataset, Digest, ServerTime};

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

    #[test]
    fn a_village_of_two_projects_needs_its_project() {
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
