//! Sums and texts about an offer or a bundle file.

use std::collections::BTreeMap;

use fieldcast::{Offer, Sender, SnapshotSummary, SourceDevice};

use crate::text::{counted, listed, safe};

/// Sums over all snapshots of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OfferTotals {
    pub(crate) households: u64,
    pub(crate) records: u64,
    /// Without the data that a project has outside all boundaries.
    pub(crate) boundaries: u64,
    pub(crate) json_bytes: u64,
}

impl OfferTotals {
    pub(crate) fn of(offer: &Offer) -> Self {
        Self::over(&offer.snapshots)
    }

    pub(crate) fn over(snapshots: &[SnapshotSummary]) -> Self {
        // A peer may have sent these numbers, so they can have any value.
        let sum = |of: fn(&SnapshotSummary) -> u64| snapshots.iter().map(of).fold(0, u64::saturating_add);
        Self {
            households: sum(|summary| summary.households),
            records: sum(|summary| summary.records),
            boundaries: sum(|summary| summary.dataset.boundary.is_some().into()),
            json_bytes: sum(|summary| summary.json_bytes),
        }
    }
}

/// The name of a snapshot's boundary in a table.
pub(crate) fn village(summary: &SnapshotSummary) -> String {
    match summary.dataset.boundary {
        Some(_) => safe(&summary.boundary_name),
        None => "(outside all)".to_owned(),
    }
}

/// The names of the first few boundaries.
pub(crate) fn villages<'s>(snapshots: impl IntoIterator<Item = &'s SnapshotSummary>) -> String {
    let boundaries = snapshots.into_iter().filter(|summary| summary.dataset.boundary.is_some());
    listed(boundaries.map(|summary| summary.boundary_name.as_str()))
}

/// Every project with its first few boundaries: `Nets: Muite, Cunle; Malaria: Nacuca`. If several projects have the
/// same name, the text adds their codes.
pub(crate) fn contents(snapshots: &[SnapshotSummary]) -> String {
    let mut projects: BTreeMap<_, Vec<&SnapshotSummary>> = BTreeMap::new();
    for summary in snapshots {
        projects.entry((&summary.dataset.tenant, &summary.dataset.project)).or_default().push(summary);
    }
    let name = |of: &Vec<&SnapshotSummary>| of.first().map(|first| first.project_name.clone()).unwrap_or_default();
    let names: Vec<_> = projects.values().map(name).collect();
    let project = |((_, code), of): (&(_, &String), &Vec<&SnapshotSummary>)| {
        let name = name(of);
        let project = match names.iter().filter(|other| **other == name).count() {
            _ if name.is_empty() => safe(code),
            1 => safe(&name),
            _ => format!("{} ({})", safe(&name), safe(code)),
        };
        match villages(of.iter().copied()) {
            villages if villages.is_empty() => project,
            villages => format!("{project}: {villages}"),
        }
    };
    projects.iter().map(project).collect::<Vec<_>>().join("; ")
}

/// A line that names the devices whose downloads `carrier` forwards or has merged. `None` if `carrier` downloaded all
/// of the data itself.
pub(crate) fn passed_on(carrier: &Sender, sources: &[SourceDevice]) -> Option<String> {
    let is_own = |source: &SourceDevice| source.fingerprint == carrier.fingerprint;
    let share = |source: &SourceDevice| {
        let name = format!("{} [{}]", source.name, source.fingerprint.short());
        let is_known = source.is_known || is_own(source);
        let name = if is_known { name } else { format!("an UNKNOWN device that calls itself {name}") };
        format!("{name} ({})", counted(source.records, "record", "records"))
    };
    let (signed, merged): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.has_signed);
    // The line names all of them, because a device that is left out could be the untrusted one.
    let all = |sources: &[&SourceDevice]| sources.iter().map(|source| share(source)).collect::<Vec<_>>().join(", ");
    let line = || match merged.is_empty() {
        true => format!("  downloaded and signed by {}", all(&signed)),
        false => {
            format!("  signed by {}, who reports merging it with the downloads of {}", all(&signed), all(&merged))
        }
    };
    (!sources.iter().all(is_own)).then(line)
}

#[cfg(test)]
mod tests {
    use fieldcast::{DeviceName, Fingerprint};

    use super::*;

    #[test]
    fn saturates_sums_of_a_peers_numbers() {
        let claimed = |n| SnapshotSummary {
            dataset: fieldcast::Dataset { tenant: "mz".into(), project: "p".into(), boundary: None },
            project_name: String::new(),
            boundary_name: String::new(),
            as_of: fieldcast::ServerTime(1),
            records: n,
            households: n,
            json_bytes: n,
            digest: fieldcast::Digest::EMPTY,
        };
        let totals = OfferTotals::over(&[claimed(u64::MAX - 1), claimed(2)]);
        let most = u64::MAX;
        assert_eq!(totals, OfferTotals { households: most, records: most, boundaries: 0, json_bytes: most });
    }

    #[test]
    fn names_every_project_and_adds_codes_if_ambiguous() {
        let summary = |project: &str, name: &str, boundary: Option<&str>| SnapshotSummary {
            dataset: fieldcast::Dataset {
                tenant: "mz".into(),
                project: project.into(),
                boundary: boundary.map(str::to_owned),
            },
            project_name: name.into(),
            boundary_name: boundary.unwrap_or_default().to_uppercase(),
            as_of: fieldcast::ServerTime(1),
            records: 1,
            households: 1,
            json_bytes: 1,
            digest: fieldcast::Digest::EMPTY,
        };
        let [a, b] = ["a", "b"].map(|boundary| summary("p1", "Nets", Some(boundary)));
        let other = summary("p2", "Malaria", Some("c"));
        assert_eq!(contents(&[a.clone(), other.clone(), b.clone()]), "Nets: A, B; Malaria: C");
        assert_eq!(contents(&[a.clone(), summary("p2", "Nets", None)]), "Nets (p1): A; Nets (p2)");
        assert_eq!(contents(&[summary("p3", "", Some("d"))]), "p3: D");
    }

    #[test]
    fn names_all_signers_beside_the_sender() {
        let device = |n, name, is_known| SourceDevice {
            fingerprint: Fingerprint([n; 32]),
            name: DeviceName::new(name),
            is_known,
            records: 40,
            has_signed: true,
        };
        let asha = device(2, "Asha", false);
        let carrier = Sender { fingerprint: asha.fingerprint, name: asha.name.clone() };
        assert_eq!(passed_on(&carrier, std::slice::from_ref(&asha)), None);
        let line = |is_known| passed_on(&carrier, &[device(1, "office", is_known), asha.clone()]).unwrap();
        assert!(
            line(true).ends_with(
                "signed by office [0101-0101-0101-0101] (40 records), Asha [0202-0202-0202-0202] (40 records)"
            ),
            "{}",
            line(true)
        );
        assert!(line(false).contains("UNKNOWN device that calls itself office [0101-"), "{}", line(false));
        let merged = SourceDevice { has_signed: false, ..device(3, "Bela", false) };
        let line = passed_on(&carrier, &[asha, merged]).unwrap();
        assert!(line.contains("with the downloads of an UNKNOWN device that calls itself Bela ["), "{line}");
    }
}
