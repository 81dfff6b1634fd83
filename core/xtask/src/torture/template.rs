//! The template that every database of a run is copied from: a phone with downloaded, received and staged data, edits,
//! and a policy.

use std::fs;
use std::path::{Path, PathBuf};

use fieldcast_model::{DeviceName, FINE_BITS, Fingerprint, Json};
use fieldcast_sandbox::{Sandbox, SandboxConfig};
use fieldcast_store::{Incoming, LocalEdit, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::device::{Device, Holdings, truth};
use super::flip::{Areas, COPY, DATABASE, LOG, Target};
use crate::args::Torture;
use crate::process::Ended;
use crate::{Outcome, binary};

/// The first household member count that only edits use, and the number of edits.
const MEMBERS: u64 = 77_001;
const EDITS: usize = 3;
const LOOPBACK: [&str; 2] = ["--interface", "127.0.0.1"];

/// The template, its server, and its expected data.
pub(super) struct TortureTemplate {
    dir: TempDir,
    server: Sandbox,
    _runtime: Runtime,
    pub(super) phone: Device,
    /// The phone's folder after a kill, with a write-ahead log.
    killed: PathBuf,
    pub(super) areas: Areas,
    /// The server's records, which every repaired device must have.
    pub(super) truth: Holdings,
    pub(super) project: String,
    /// The phone's edits, from `fieldcast edits`.
    pub(super) edits: Vec<Value>,
    /// Policy and trust, from `fieldcast grant show`.
    pub(super) grants: Vec<Value>,
    /// A bundle file with all villages, from an undamaged device.
    pub(super) bundle: String,
}

impl TortureTemplate {
    pub(super) fn prepare(options: &Torture) -> Outcome<Self> {
        let config =
            SandboxConfig { seed: 11, households: options.households, boundaries: 3, ..SandboxConfig::default() };
        let runtime = Runtime::new()?;
        let server = runtime.block_on(Sandbox::start(config))?;
        let dir = tempfile::Builder::new().prefix("fieldcast-torture-").tempdir()?;
        let phone = Device { binary: binary::build(false)?, dir: dir.path().join("phone") };
        let (good, moment) = (phone.beside("good"), server.campaign().moment());
        let project = moment.projects()[0].id.clone();
        let villages: Vec<&str> = moment.leaves().iter().map(|leaf| leaf.code.as_str()).collect();
        let bundle = text(&dir.path().join("good.fcb"))?.to_owned();
        for (device, villages) in [(&good, &villages[..]), (&phone, &villages[..1])] {
            log_in(device, &server)?;
            device.done(&[&["downsync", "--project", &project], villages].concat())?;
        }
        good.done(&["export", &bundle])?;
        if good.rootless()? != truth(&moment)? {
            return Err("the downloaded records differ from the server's".into());
        }
        let truth = good.holdings()?;
        set_policy(&phone, &good)?;
        (1..EDITS as u64).try_for_each(|n| edit(&phone, villages[0], n))?;
        phone.done(&["export", text(&dir.path().join("cached.fcb"))?])?;
        receive(&phone, &good, villages[1])?;
        let killed = dir.path().join("killed");
        let chunks = leave_log(&phone, &good, &villages, &killed)?;
        let edits = events(&phone, &["edits"], "edit")?;
        let grants = grants(&phone)?;
        if edits.len() != EDITS || grants.len() < 3 {
            return Err("the phone lost its edits or its policy".into());
        }
        let log = fs::metadata(killed.join(LOG))?.len() as usize;
        let areas = Areas::of(&phone.dir, log, [&chunks[0], &chunks[1]], &kept(&edits, &grants)?)?;
        Ok(Self { dir, server, _runtime: runtime, phone, killed, areas, truth, project, edits, grants, bundle })
    }

    /// Returns a separate folder for each database.
    pub(super) fn folder(&self, number: u64) -> PathBuf {
        self.dir.path().join(number.to_string())
    }

    /// Copies the phone's files, with the log if the log is the target.
    pub(super) fn copy(&self, to: &Path, target: Target) -> Outcome<()> {
        let from = if target == Target::Log { &self.killed } else { &self.phone.dir };
        copy(from, to)
    }

    pub(super) fn log_in(&self, device: &Device) -> Outcome<()> {
        log_in(device, &self.server)
    }

    /// Keeps all files for inspection.
    pub(super) fn keep(self) -> PathBuf {
        self.dir.keep()
    }
}

pub(super) fn text(path: &Path) -> Outcome<&str> {
    path.to_str().ok_or_else(|| "the folder name is not UTF-8".into())
}

/// Reads policy and trust from a device.
fn grants(device: &Device) -> Outcome<Vec<Value>> {
    Ok(shown_grants(&device.done(&["grant", "show"])?))
}

/// Reads policy and trust from the output of `fieldcast grant show`.
pub(super) fn shown_grants(ended: &Ended) -> Vec<Value> {
    ["policy", "campaign", "statement"].iter().flat_map(|name| ended.events(name)).cloned().collect()
}

fn events(device: &Device, args: &[&str], name: &str) -> Outcome<Vec<Value>> {
    Ok(device.done(args)?.events(name).cloned().collect())
}

fn log_in(device: &Device, server: &Sandbox) -> Outcome<()> {
    device.done(&["login", "--server", &server.url(), "--tenant", "mz", "--user", "distributor"]).map(drop)
}

/// Returns the value at `name` of an event.
fn key<'v>(ended: &'v Ended, event: &str, name: &str) -> Outcome<&'v str> {
    ended
        .events(event)
        .find_map(|event| event[name].as_str())
        .ok_or_else(|| format!("the output contains no {name}").into())
}

/// Creates a campaign that both devices trust. It permits one to send to the other and has revoked a third device.
fn set_policy(phone: &Device, good: &Device) -> Outcome<()> {
    let (office, file) = (phone.beside("office"), phone.dir.with_file_name("campaign.key"));
    let file = text(&file)?;
    let authority = office.done(&["grant", "new-authority", file])?;
    let campaign = key(&authority, "authority", "campaign")?;
    for device in [phone, good] {
        device.done(&["grant", "trust", campaign, "--name", "Nets"])?;
    }
    for (device, role) in [(phone, "receiver"), (good, "distributor")] {
        let status = device.done(&["status"])?;
        let to =
            ["--device", key(&status, "device", "fingerprint")?, "--user", "Asha", "--tenant", "mz", "--role", role];
        let issued = office.done(&[&["grant", "issue", "--authority", file], &to[..]].concat())?;
        device.done(&["grant", "add", key(&issued, "issued", "text")?])?;
    }
    let third = "07".repeat(32);
    let list = office.done(&["grant", "revoke", "--authority", file, "--first", &third])?;
    phone.done(&["grant", "add", key(&list, "issued", "text")?])?;
    phone.done(&["grant", "policy", "grant-required"]).map(drop)
}

/// The body of edit `number`: a new household.
fn body(number: u64) -> String {
    let (id, members) = (format!("torture-{number}"), MEMBERS + number);
    serde_json::json!({"clientReferenceId": id, "memberCount": members, "note": "made on this phone"}).to_string()
}

fn edit(phone: &Device, village: &str, number: u64) -> Outcome<()> {
    let file = phone.dir.with_extension("json");
    fs::write(&file, body(number))?;
    phone.done(&["edits", "add", "--boundary", village, "--entity", "Household", text(&file)?]).map(drop)
}

/// Lets the phone receive a village, then kills it before it closes its database.
fn receive(phone: &Device, good: &Device, village: &str) -> Outcome<()> {
    let name = format!("torture-{}", std::process::id());
    let mut receiving = phone.start(&[&["receive", "--yes", "--name", &name], &LOOPBACK[..]].concat())?;
    receiving.event("listening", |_| true)?;
    good.done(&[&["send", "--unverified", "--to", &name], &LOOPBACK[..], &[village]].concat())?;
    receiving.event("saved", |_| true)?;
    drop(receiving); // killed
    Ok(())
}

/// Adds an edit and staged chunks, then copies the folder while they are still in the log. Returns the bytes of the
/// phone's cached chunks and of its staged chunks.
fn leave_log(phone: &Device, good: &Device, villages: &[&str], killed: &Path) -> Outcome<[Vec<Vec<u8>>; 2]> {
    let good = Store::open(&good.dir)?.store;
    let staged = cached(&good, villages[2])?;
    let offered = good.datasets()?.into_iter().map(|status| status.summary);
    let offered = offered.filter(|summary| summary.dataset.boundary.as_deref() == Some(villages[2])).collect();
    let store = Store::open(&phone.dir)?.store;
    let mut edit = store.edits()?.pop().ok_or("no edit")?.edit;
    let body = Json::parse(&body(EDITS as u64))?;
    edit.id = fieldcast_model::RecordId::parse("torture-3");
    store.put_edit(&LocalEdit { root: edit.id.clone(), body, edited_at: edit.edited_at + 1, ..edit })?;
    let sender = Fingerprint([9; 32]);
    let incoming = Incoming { bundle_id: [9; 32], offered, sender, sender_name: DeviceName::new("Asha") };
    store.begin_incoming(&incoming)?;
    let chunks: Vec<_> = staged.iter().map(|bytes| (fieldcast_bundle::ChunkHash::of(bytes).0, bytes.clone())).collect();
    store.stage_chunks(&incoming.bundle_id, &chunks)?;
    copy(&phone.dir, killed)?;
    Ok([cached(&store, villages[0])?, staged])
}

/// Returns the bytes of a village's chunks in the cache of a store.
fn cached(store: &Store, village: &str) -> Outcome<Vec<Vec<u8>>> {
    let datasets = store.datasets()?.into_iter().map(|status| status.summary.dataset);
    let dataset =
        datasets.into_iter().find(|dataset| dataset.boundary.as_deref() == Some(village)).ok_or("no village")?;
    let mut bytes = Vec::new();
    for bits in 0..=FINE_BITS {
        for chunk in store.read(|reader| reader.cached_chunks(&dataset, bits))? {
            bytes.extend(store.chunk_bytes(&chunk.hash)?);
        }
    }
    Ok(bytes)
}

/// Returns texts that occur in the stored edits, policy and trust data.
fn kept(edits: &[Value], grants: &[Value]) -> Outcome<Vec<Vec<u8>>> {
    let mut texts: Vec<Vec<u8>> = (1..=edits.len() as u64).map(|n| body(n).into_bytes()).collect();
    texts.push(b"grant_policy".to_vec());
    let campaign = grants.iter().find_map(|event| event["campaign"].as_str()).ok_or("the phone trusts no campaign")?;
    let bytes = (0..campaign.len() / 2).map(|at| u8::from_str_radix(&campaign[2 * at..2 * at + 2], 16));
    texts.push(bytes.collect::<Result<_, _>>()?);
    Ok(texts)
}

/// Copies a device's files. Missing files are ignored.
fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for file in ["device.key", DATABASE, LOG, COPY] {
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file))?;
        }
    }
    Ok(())
}
