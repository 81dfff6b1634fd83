//! `cargo xtask bench store`: compares the store's two bulk paths with a plain loop that inserts the same rows.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fieldcast_bundle::{EncodedChunk, decode_chunk, encode_chunk};
use fieldcast_model::{
    Dataset, DeviceName, Digest, Fingerprint, Provenance, RangeHashes, Record, ServerTime, Signature, SnapshotSummary,
};
use fieldcast_store::{Arriving, Batch, Completeness, PageCommit, Store, SyncStart, SyncTarget};
use tempfile::TempDir;

use crate::Outcome;
use crate::args::BenchStore;
use crate::figures::{mb_per_second, median, per_second, ratio};
use crate::sample;

/// The minimum speed of the bulk paths, in per cent of the plain loop.
const GOAL: f64 = 80.0;

/// One boundary, in the form of a received bundle and in the form of server pages.
struct BoundaryData {
    dataset: Dataset,
    chunks: Vec<Vec<Record>>,
    encoded: Vec<EncodedChunk>,
    /// The expected totals of the received bundle.
    provenance: Provenance,
    pages: Vec<Vec<Record>>,
}

pub(crate) fn run(options: &BenchStore) -> Outcome {
    let moment = sample::reference(options.seed, options.households)?;
    let boundary = |leaf| BoundaryData::new(leaf, sample::boundary(&moment, leaf)?.collect(), options.page);
    let boundaries: Vec<BoundaryData> = (0..moment.leaves().len()).map(boundary).collect::<Outcome<_>>()?;
    let records = || boundaries.iter().flat_map(|boundary| boundary.pages.iter().flatten());
    let totals = (records().count() as u64, records().map(|record| record.body.len() as u64).sum());
    println!(
        "{} households, seed {}: {} records, {} B of JSON, in {} boundaries; elapsed time, median of {} rounds",
        options.households,
        options.seed,
        totals.0,
        totals.1,
        boundaries.len(),
        options.rounds
    );
    let mut times: [Vec<Duration>; 5] = Default::default();
    for _ in 0..options.rounds {
        // Alternate the paths, each with a new database, so that a slow phase of the machine affects all of them.
        let round = StoreRound { dir: options.dir.as_deref(), boundaries: &boundaries };
        let now =
            [round.plain_batches()?, round.apply(true)?, round.apply(false)?, round.plain_pages()?, round.pages()?];
        times.iter_mut().zip(now).for_each(|(times, time)| times.push(time));
    }
    let [batches, decoded, applied, plain_pages, pages] = times.map(median);
    println!("bundle: one transaction per boundary, flushed to storage");
    let mut is_fine = row("plain loop", totals, batches, None);
    is_fine &= row("apply, chunks decoded", totals, decoded, Some(batches));
    is_fine &= row("apply, decoded before", totals, applied, Some(batches));
    println!("downsync: one transaction per page of {} households", options.page);
    is_fine &= row("plain loop", totals, plain_pages, None);
    is_fine &= row("commit_page", totals, pages, Some(plain_pages));
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints one path. Returns whether it is fast enough; a path without a comparison always is.
fn row(name: &str, (records, json): (u64, u64), time: Duration, baseline: Option<Duration>) -> bool {
    let percent = baseline.map(|plain| 100.0 * ratio(plain.as_secs_f64(), time.as_secs_f64()));
    let is_fine = percent.is_none_or(|percent| percent >= GOAL);
    let met = if is_fine { "met" } else { "MISSED" };
    let share = percent
        .map_or_else(String::new, |percent| format!("{percent:4.0} % of the plain loop (goal {GOAL:.0} %: {met})"));
    let (rate, speed) = (per_second(records, time), mb_per_second(json, time));
    println!("  {name:24}{rate:8.0} records/s {speed:6.1} MB/s  {share}");
    is_fine
}

impl BoundaryData {
    fn new(leaf: usize, generated: Vec<Record>, page: u32) -> Outcome<Self> {
        let pages = pages(&generated, page);
        let keyed = sample::in_key_order(generated);
        let chunks: Vec<Vec<Record>> = sample::cut(&keyed).into_iter().map(<[Record]>::to_vec).collect();
        let encoded = chunks.iter().map(|chunk| encode_chunk(chunk)).collect::<Result<_, _>>()?;
        let dataset = Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some(format!("V{leaf}")) };
        let mut range_hashes = RangeHashes::default();
        chunks
            .iter()
            .for_each(|chunk| range_hashes.add(chunk.iter().map(|record| (record.root_hash(), record.hash()))));
        let (name, signature) = (DeviceName::new("bench"), Signature([0; 64]));
        let provenance = Provenance {
            key: [0; 32],
            name,
            snapshot_hash: range_hashes.snapshot_hash(),
            sources: Vec::new(),
            signature,
        };
        Ok(Self { dataset, chunks, encoded, provenance, pages })
    }
}

/// Divides records, family by family, into pages of this many households.
fn pages(records: &[Record], households: u32) -> Vec<Vec<Record>> {
    let mut pages: Vec<Vec<Record>> = Vec::new();
    let mut room = 0;
    for record in records {
        if record.entity.as_str() == "Household" {
            if room == 0 {
                pages.push(Vec::new());
                room = households;
            }
            room -= 1;
        }
        if let Some(page) = pages.last_mut() {
            page.push(record.clone());
        }
    }
    pages
}

/// One measurement of each path.
struct StoreRound<'a> {
    dir: Option<&'a Path>,
    boundaries: &'a [BoundaryData],
}

impl StoreRound<'_> {
    /// Opens a store in a temporary folder, which is deleted when it is dropped.
    fn store(&self) -> Outcome<(TempDir, Store)> {
        let dir = self.dir.map_or_else(tempfile::tempdir, tempfile::tempdir_in)?;
        let store = Store::open(dir.path())?.store;
        Ok((dir, store))
    }

    fn plain_batches(&self) -> Outcome<Duration> {
        let (_dir, store) = self.store()?;
        let mut time = Duration::ZERO;
        for BoundaryData { dataset, chunks, .. } in self.boundaries {
            let rows = chunks.iter().map(|chunk| store.plain_rows(dataset, chunk)).collect::<Result<Vec<_>, _>>()?;
            let start = Instant::now();
            store.insert_plain_batches(&rows)?;
            time += start.elapsed();
        }
        Ok(time)
    }

    fn apply(&self, decode: bool) -> Outcome<Duration> {
        let (_dir, store) = self.store()?;
        let mut time = Duration::ZERO;
        for boundary in self.boundaries {
            let mut encoded = boundary.encoded.iter();
            let mut at_hand = if decode { Vec::new() } else { boundary.chunks.clone() }.into_iter();
            let mut records = || -> Result<_, fieldcast_bundle::Error> {
                Ok(match decode {
                    true => encoded.next().map(|chunk| decode_chunk(&chunk.bytes)).transpose()?,
                    false => at_hand.next(),
                })
            };
            let batch = |records| Batch { records, is_range: true };
            let snapshot = snapshot(&boundary.dataset);
            let arriving = Arriving {
                snapshot: &snapshot,
                provenance: &boundary.provenance,
                carrier: Fingerprint([0; 32]),
                carrier_name: &boundary.provenance.name,
                is_trusted: false,
                now: ServerTime(i64::MAX),
                held: Some(&[]),
            };
            let start = Instant::now();
            store.apply(&arriving, &mut || records().map(|records| records.map(batch)))?;
            time += start.elapsed();
        }
        Ok(time)
    }

    fn plain_pages(&self) -> Outcome<Duration> {
        let (_dir, store) = self.store()?;
        let mut time = Duration::ZERO;
        for BoundaryData { dataset, pages, .. } in self.boundaries {
            for page in pages {
                let rows = store.plain_rows(dataset, page)?;
                let start = Instant::now();
                store.insert_plain_page(&rows)?;
                time += start.elapsed();
            }
        }
        Ok(time)
    }

    fn pages(&self) -> Outcome<Duration> {
        let (_dir, store) = self.store()?;
        let mut time = Duration::ZERO;
        for BoundaryData { dataset, pages, .. } in self.boundaries {
            let names = String::new;
            let target = SyncTarget {
                server: "s".into(),
                dataset: dataset.clone(),
                project_name: names(),
                boundary_name: names(),
            };
            let run = store.begin_sync(&target, SyncStart::Fresh)?.run;
            for (n, page) in (1..).zip(pages) {
                let commit = PageCommit {
                    run,
                    as_of: Some(ServerTime(1_757_000_000_000)),
                    position: format!("{n}"),
                    done: n,
                    total: pages.len() as u64,
                    bytes: 1,
                    clock: None,
                    families: page.clone(),
                    project_wide: Vec::new(),
                };
                let start = Instant::now();
                store.commit_page(&commit)?;
                time += start.elapsed();
            }
            store.finish_sync(run, &Completeness::Complete, &Completeness::Partial)?;
        }
        Ok(time)
    }
}

/// A snapshot with only the fields that an apply reads.
fn snapshot(dataset: &Dataset) -> SnapshotSummary {
    SnapshotSummary {
        dataset: dataset.clone(),
        project_name: String::new(),
        boundary_name: String::new(),
        as_of: ServerTime(1),
        records: 0,
        households: 0,
        json_bytes: 0,
        digest: Digest::EMPTY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_same_records_on_every_path() {
        let moment = sample::campaign(5, 30, 1).unwrap();
        let boundary = BoundaryData::new(0, sample::boundary(&moment, 0).unwrap().collect(), 7).unwrap();
        assert_eq!(boundary.pages.len(), 5);
        assert_eq!(boundary.pages.concat().len(), boundary.chunks.concat().len());
        let round = StoreRound { dir: None, boundaries: &[boundary] };
        for time in [round.plain_batches(), round.apply(true), round.apply(false), round.plain_pages(), round.pages()] {
            assert!(time.unwrap() > Duration::ZERO);
        }
    }
}
