//! All JSON events, in one place. Programs that run `fieldcast --json` may rely on them.
//!
//! Fingerprints and digests are 64 hexadecimal digits, times are milliseconds since 1970 on the server's clock,
//! `boundary` is null for data that a project has outside all boundaries.

use std::net::SocketAddr;
use std::path::Path;

use fieldcast::{
    Account, Boundary, BoundaryProgress, BundleInfo, BundleSource, Check, Checked, ComparisonResult, Dataset,
    DatasetStatus, DeviceName, DialState, DiscoveredDistributor, DistributionStats, Engine, EntityType, ExchangeResult,
    ExchangeRole, Finding, Fingerprint, FoundBy, FoundPeer, Group, Imported, Invite, NetworkChange, Offer,
    PastExchange, Policy, Profile, Question, ReceiveProgress, Received, RecordId, RecordSource, Recovery, Role, Sas,
    SendProgress, Sender, SharedKey, SnapshotSummary, SourceDevice, Statement, TrustedPeer, UnfinishedOffer, Verified,
};
use serde_json::{Value, json};

use crate::offers::OfferTotals;

pub(crate) fn error(message: &str, exit_code: u8) -> Value {
    json!({"event": "error", "message": message, "exit_code": exit_code})
}

pub(crate) fn check(check: &Check) -> Value {
    let checked = match check.checked {
        Checked::Interfaces => "interfaces",
        Checked::Multicast => "multicast",
        Checked::Port => "port",
        Checked::Disk => "disk",
        Checked::Clock => "clock",
        Checked::Folder => "folder",
        Checked::Key => "key",
        Checked::Database => "database",
    };
    let finding = match check.finding {
        Finding::Ok => "ok",
        Finding::Warning => "warning",
        Finding::Problem => "problem",
    };
    json!({"event": "check", "checked": checked, "finding": finding, "found": check.found, "advice": check.advice})
}

/// `uri` and `passphrase` are null if they stay hidden. `expires` is on this device's clock.
pub(crate) fn invite(invite: &Invite, uri: Option<&str>, reveal: bool) -> Value {
    let passphrase = invite.group().filter(|_| reveal).map(Group::passphrase);
    json!({"event": "invite", "group": invite.group().map(Group::name), "passphrase": passphrase,
        "address": invite.addr().to_string(), "fingerprint": invite.key().to_string(), "expires": invite.expires(),
        "uri": uri})
}

pub(crate) fn recovered(recovery: &Recovery) -> Value {
    let Recovery { old, records, incomplete, edits, lost_edits, settings_lost } = recovery;
    let incomplete: Vec<_> = incomplete.iter().map(|dataset| &dataset.boundary).collect();
    json!({"event": "recovered", "old_file": old, "records": records, "incomplete": incomplete, "edits": edits,
        "lost_edits": lost_edits, "settings_lost": settings_lost})
}

/// An edit that is possibly lost. An empty text means unknown.
pub(crate) fn lost_edit((entity, id): &(EntityType, RecordId)) -> Value {
    json!({"event": "lost_edit", "entity": entity.as_str(), "id": id.to_string()})
}

pub(crate) fn login(account: &Account, projects: &[fieldcast::Project]) -> Value {
    let projects: Vec<_> = projects.iter().map(|project| json!({"id": project.id, "name": project.name})).collect();
    json!({"event": "login", "server": account.server, "tenant": account.tenant, "user": account.name,
        "roles": account.roles, "projects": projects})
}

/// `campaign` and `name` are null if there is none.
pub(crate) fn profile(profile: &Profile) -> Value {
    json!({"event": "profile", "server": profile.server(), "tenant": profile.tenant(),
        "campaign": profile.campaign().map(|key| Fingerprint(key).to_string()), "name": profile.name(),
        "uri": profile.to_uri()})
}

pub(crate) fn boundary(boundary: &Boundary) -> Value {
    json!({"event": "boundary", "code": boundary.code, "name": boundary.name, "kind": boundary.kind,
        "depth": boundary.depth, "leaf": boundary.leaf})
}

pub(crate) fn downsync_progress(boundary: &str, progress: &BoundaryProgress) -> Value {
    json!({"event": "downsync_progress", "boundary": boundary, "done": progress.done, "total": progress.total,
        "changed": progress.changed, "wire_bytes": progress.wire_bytes})
}

pub(crate) fn downsync_done(summary: &SnapshotSummary, changed: u64) -> Value {
    json!({"event": "downsync_done", "boundary": summary.dataset.boundary, "name": summary.boundary_name,
        "households": summary.households, "records": summary.records, "changed": changed,
        "digest": summary.digest.to_string(), "as_of": summary.as_of.0})
}

pub(crate) fn downsync_failed(boundary: &str, error: &str) -> Value {
    json!({"event": "downsync_failed", "boundary": boundary, "error": error})
}

pub(crate) fn downsync_summary(done: usize, failed: usize, records: u64, changed: u64) -> Value {
    json!({"event": "downsync_summary", "done": done, "failed": failed, "records": records, "changed": changed})
}

pub(crate) fn device(engine: &Engine, data_dir: &Path, account: Option<&Account>) -> Value {
    json!({"event": "device", "name": engine.name().as_str(), "fingerprint": engine.fingerprint().to_string(),
        "data_dir": data_dir, "server": account.map(|account| &account.server),
        "user": account.map(|account| &account.name)})
}

pub(crate) fn dataset(status: &DatasetStatus) -> Value {
    let summary = &status.summary;
    let downloading = status.syncing.as_ref().map(|sync| json!({"done": sync.done, "total": sync.total}));
    json!({"event": "dataset", "tenant": summary.dataset.tenant, "project": summary.dataset.project,
        "boundary": summary.dataset.boundary, "name": summary.boundary_name, "as_of": summary.as_of.0,
        "households": summary.households, "records": summary.records, "json_bytes": summary.json_bytes,
        "digest": summary.digest.to_string(), "complete": summary.as_of.0 > 0, "downloading": downloading,
        "sources": status.sources.iter().map(record_source).collect::<Vec<_>>(), "can_undo": status.can_undo})
}

/// The source of records. `signer` is null for this device's own downloads.
fn record_source(source: &RecordSource) -> Value {
    let bundle = source.bundle.as_ref();
    let names = |of: fn(&BundleSource) -> &DeviceName| bundle.map(of).map(DeviceName::as_str);
    json!({"signer": names(|bundle| &bundle.signer_name), "carrier": names(|bundle| &bundle.carrier_name),
        "records": source.records, "as_of": source.as_of.0})
}

pub(crate) fn verifying(done: usize, of: usize) -> Value {
    json!({"event": "verifying", "done": done, "of": of})
}

pub(crate) fn verified(verified: &Verified) -> Value {
    let Verified { records, repaired, dropped } = verified;
    json!({"event": "verified", "records": records, "repaired": repaired, "dropped": dropped})
}

/// Village data that the user restored to the previous version or removed.
pub(crate) fn dataset_changed(event: &str, summary: &SnapshotSummary) -> Value {
    json!({"event": event, "tenant": summary.dataset.tenant, "project": summary.dataset.project,
        "boundary": summary.dataset.boundary, "name": summary.boundary_name})
}

fn snapshot(summary: &SnapshotSummary) -> Value {
    json!({"project": summary.dataset.project, "project_name": summary.project_name,
        "boundary": summary.dataset.boundary, "name": summary.boundary_name, "households": summary.households,
        "records": summary.records, "digest": summary.digest.to_string()})
}

pub(crate) fn offer(offer: &Offer) -> Value {
    let snapshots: Vec<_> = offer.snapshots.iter().map(snapshot).collect();
    let json_bytes = OfferTotals::of(offer).json_bytes;
    json!({"event": "offer", "snapshots": snapshots, "bytes": offer.bytes, "json_bytes": json_bytes})
}

pub(crate) fn peer_found(peer: &FoundPeer) -> Value {
    json!({"event": "peer_found", "peer": peer.name.as_str(), "fingerprint": peer.fingerprint.to_string(),
        "addr": peer.addr, "by": ways(&peer.by)})
}

/// The ways in which this device found a receiver: `mdns`, `connected`, `invited`, `typed`, `platform`.
pub(crate) fn ways(by: &FoundBy) -> Vec<&'static str> {
    let ways = [
        (by.mdns, "mdns"),
        (by.connected, "connected"),
        (by.invited, "invited"),
        (by.typed, "typed"),
        (by.platform, "platform"),
    ];
    ways.into_iter().filter(|(holds, _)| *holds).map(|(_, way)| way).collect()
}

pub(crate) fn shared_key(SharedKey { fingerprint, is_own, devices }: &SharedKey) -> Value {
    let device = |(name, addr): &(DeviceName, SocketAddr)| json!({"peer": name.as_str(), "addr": addr});
    json!({"event": "shared_key", "fingerprint": fingerprint.to_string(), "is_own": is_own,
        "devices": devices.iter().map(device).collect::<Vec<_>>()})
}

/// A distributor that announces itself.
pub(crate) fn distributor_found(distributor: &DiscoveredDistributor) -> Value {
    json!({"event": "distributor_found", "sender": distributor.name.as_str(),
        "fingerprint": distributor.fingerprint.to_string(), "addr": distributor.addr})
}

/// State of the connection to a distributor: `connecting`, `connected`, `retrying`, `gave_up`. `reason` is a code.
pub(crate) fn dial(addr: SocketAddr, state: &DialState) -> Value {
    let (word, fingerprint, reason) = match state {
        DialState::Connecting => ("connecting", None, None),
        DialState::Connected(distributor) => ("connected", Some(distributor.to_string()), None),
        DialState::Retrying(reason) => ("retrying", None, Some(reason.code())),
        DialState::GaveUp(reason) => ("gave_up", None, Some(reason.code())),
    };
    json!({"event": "dial", "addr": addr, "state": word, "fingerprint": fingerprint, "reason": reason})
}

/// The network is lost (`gone`), or the session continues on another one (`back`). `addr` is the new listen address.
pub(crate) fn network(change: &NetworkChange) -> Value {
    match change {
        NetworkChange::Lost { name } => json!({"event": "network", "state": "lost", "interface": name}),
        NetworkChange::Available { interface, addr } => {
            json!({"event": "network", "state": "available", "interface": interface.name, "addr": addr})
        }
    }
}

/// `event` is `compare` if the user must compare the code here, `code` if only the other side may ask for it.
pub(crate) fn code(event: &str, peer: &FoundPeer, code: Sas) -> Value {
    json!({"event": event, "peer": peer.name.as_str(), "fingerprint": peer.fingerprint.to_string(),
        "code": code.to_string()})
}

pub(crate) fn authority(event: &str, key: &[u8; 32], name: &str) -> Value {
    json!({"event": event, "campaign": Fingerprint(*key).to_string(), "name": name})
}

/// A grant or a list of revoked devices. `text` is its signed form.
pub(crate) fn statement(event: &str, statement: &Statement, text: &str) -> Value {
    let campaign = Fingerprint(*statement.authority()).to_string();
    match statement {
        Statement::Grant(grant) => json!({"event": event, "kind": "grant", "campaign": campaign,
            "device": grant.device.to_string(), "user": grant.user.as_str(), "role": role(grant.role),
            "tenant": grant.tenant, "project": grant.project, "boundaries": grant.boundaries, "expires": grant.expires,
            "text": text}),
        Statement::Revocations(list) => json!({"event": event, "kind": "revocations", "campaign": campaign,
            "number": list.number, "text": text,
            "devices": list.devices.iter().map(ToString::to_string).collect::<Vec<_>>()}),
    }
}

pub(crate) fn role(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Distributor) => "distributor",
        Some(Role::Receiver) => "receiver",
        None => "both",
    }
}

pub(crate) fn policy(policy: Policy) -> Value {
    let policy = if policy == Policy::GrantRequired { "grant-required" } else { "ask" };
    json!({"event": "grant_policy", "policy": policy})
}

pub(crate) fn known_peer(event: &str, peer: &TrustedPeer) -> Value {
    json!({"event": event, "peer": peer.name.as_str(), "fingerprint": peer.fingerprint.to_string(),
        "since": peer.since})
}

pub(crate) fn unfinished_offer(UnfinishedOffer { sender, snapshots, staged }: &UnfinishedOffer) -> Value {
    json!({"event": "unfinished_offer", "sender": sender.name.as_str(), "fingerprint": sender.fingerprint.to_string(),
        "snapshots": snapshots.iter().map(snapshot).collect::<Vec<_>>(), "staged": staged})
}

pub(crate) fn offers_withdrawn(sender: &Sender) -> Value {
    json!({"event": "offers_withdrawn", "sender": sender.name.as_str(), "fingerprint": sender.fingerprint.to_string()})
}

/// A finished exchange. `receipt` is true if the receiver's signature is valid. `comparison` is the comparison result
/// of each snapshot and of the whole. Both are null if nothing was saved. `started` and `ended` are on this device's
/// clock.
pub(crate) fn past_exchange(PastExchange { exchange, receipt, comparisons }: &PastExchange) -> Value {
    let role = match exchange.role {
        ExchangeRole::Sent => "sent",
        ExchangeRole::Received => "received",
    };
    let (result, reason) = match &exchange.result {
        ExchangeResult::Saved { .. } => ("saved", None),
        ExchangeResult::Ended { code, reason } => (code.as_str(), Some(reason)),
    };
    let compared = |of: Option<&[ComparisonResult]>| of.filter(|of| !of.is_empty()).map(comparison);
    let snapshot = |(index, summary): (usize, &SnapshotSummary)| {
        json!({"boundary": summary.dataset.boundary, "as_of": summary.as_of.0, "digest": summary.digest.to_string(),
            "comparison": compared(comparisons.get(index..=index))})
    };
    json!({"event": "exchange", "role": role, "peer": exchange.peer_name.as_str(),
        "fingerprint": exchange.peer.to_string(), "started": exchange.started, "ended": exchange.ended,
        "snapshots": exchange.offered.iter().enumerate().map(snapshot).collect::<Vec<_>>(), "wire": exchange.wire_bytes,
        "result": result, "reason": reason, "receipt": receipt, "comparison": compared(Some(comparisons))})
}

/// Of all devices that this device ever sent a boundary to: how many had exactly this version at their last save.
pub(crate) fn distribution_stats(DistributionStats { summary, picked, saved }: &DistributionStats) -> Value {
    json!({"event": "distribution_stats", "boundary": summary.dataset.boundary, "as_of": summary.as_of.0,
        "digest": summary.digest.to_string(), "picked": picked, "saved": saved})
}

pub(crate) fn send_state(
    peer: &str,
    fingerprint: &Fingerprint,
    state: &str,
    progress: SendProgress,
    reason: Option<&str>,
) -> Value {
    let SendProgress { staged, total, wire } = progress;
    let mut event = json!({"event": "send_state", "peer": peer, "fingerprint": fingerprint.to_string(), "state": state,
        "staged": staged, "total": total, "wire": wire});
    if let Some(reason) = reason {
        event["reason"] = reason.into();
    }
    event
}

/// The listen address of a receiver or a distributor. `addr` is null if the network is already lost.
pub(crate) fn listening(addr: Option<SocketAddr>, engine: &Engine) -> Value {
    json!({"event": "listening", "addr": addr, "name": engine.name().as_str(),
        "fingerprint": engine.fingerprint().to_string()})
}

pub(crate) fn resumed(sender: &Sender, code: Sas) -> Value {
    json!({"event": "resumed", "sender": sender.name.as_str(), "fingerprint": sender.fingerprint.to_string(),
        "code": code.to_string()})
}

pub(crate) fn asked(question: &Question) -> Value {
    let mut event = about("asked", &question.sender, &question.sources, &question.offer, question.offer.bytes);
    event["code"] = question.code.to_string().into();
    event["is_known"] = question.is_known.into(); // if true, the user need not compare the code here
    event
}

pub(crate) fn bundle(info: &BundleInfo, bytes: u64) -> Value {
    about("bundle", &info.sender, &info.sources, &info.offer, bytes)
}

/// The offer, its sender and the devices that signed its data.
fn about(event: &str, sender: &Sender, sources: &[SourceDevice], offer: &Offer, bytes: u64) -> Value {
    let OfferTotals { households, records, .. } = OfferTotals::of(offer);
    let boundaries: Vec<_> = offer.snapshots.iter().filter_map(|summary| summary.dataset.boundary.as_ref()).collect();
    let source = |of: &SourceDevice| {
        json!({"name": of.name.as_str(), "fingerprint": of.fingerprint.to_string(), "is_known": of.is_known,
            "records": of.records, "has_signed": of.has_signed})
    };
    json!({"event": event, "sender": sender.name.as_str(), "fingerprint": sender.fingerprint.to_string(),
        "sources": sources.iter().map(source).collect::<Vec<_>>(), "households": households, "records": records,
        "bytes": bytes, "boundaries": boundaries,
        "snapshots": offer.snapshots.iter().map(snapshot).collect::<Vec<_>>()})
}

pub(crate) fn receive_state(state: &str, progress: ReceiveProgress) -> Value {
    let ReceiveProgress { staged, total, wire } = progress;
    json!({"event": "receive_state", "state": state, "staged": staged, "total": total, "wire": wire})
}

pub(crate) fn saved(received: &Received, sender: &str) -> Value {
    let OfferTotals { households, records, .. } = OfferTotals::of(&received.offer);
    json!({"event": "saved", "sender": sender, "fingerprint": received.sender.to_string(), "records": records,
        "households": households, "wire": received.progress.wire, "kept_newer": received.kept_newer(),
        "boundaries": outcomes(&received.offer, &received.comparisons)})
}

pub(crate) fn exported(file: &Path, bytes: u64, offer: &Offer) -> Value {
    let OfferTotals { households, records, json_bytes, .. } = OfferTotals::of(offer);
    let boundaries: Vec<_> = offer.snapshots.iter().filter_map(|summary| summary.dataset.boundary.as_ref()).collect();
    json!({"event": "exported", "file": file, "bytes": bytes, "json_bytes": json_bytes, "records": records,
        "households": households, "boundaries": boundaries})
}

pub(crate) fn imported(imported: &Imported) -> Value {
    let offer = &imported.info.offer;
    json!({"event": "imported", "records": OfferTotals::of(offer).records,
        "boundaries": outcomes(offer, &imported.comparisons)})
}

/// The comparison of this device's data with each snapshot that it saved.
fn outcomes(offer: &Offer, comparisons: &[ComparisonResult]) -> Vec<Value> {
    let outcome = |(summary, comparison): (&SnapshotSummary, &ComparisonResult)| {
        json!({"boundary": summary.dataset.boundary, "digest": summary.digest.to_string(),
            "comparison": self::comparison(std::slice::from_ref(comparison)), "kept_newer": comparison.kept_newer()})
    };
    offer.snapshots.iter().zip(comparisons).map(outcome).collect()
}

/// The comparison result over all snapshots that a receiver got.
pub(crate) fn comparison(comparisons: &[ComparisonResult]) -> &'static str {
    let any = |is: fn(&ComparisonResult) -> bool| comparisons.iter().any(is);
    if any(|comparison| matches!(comparison, ComparisonResult::Conflict { .. })) {
        "conflict"
    } else if any(|comparison| matches!(comparison, ComparisonResult::Ahead { .. })) {
        "ahead"
    } else if any(|comparison| matches!(comparison, ComparisonResult::KeptNewer { .. })) {
        "kept_newer"
    } else {
        "equal"
    }
}

pub(crate) fn ended(sender: &str, fingerprint: &Fingerprint, reason: &str) -> Value {
    json!({"event": "ended", "sender": sender, "fingerprint": fingerprint.to_string(), "reason": reason})
}

pub(crate) fn edit_settled(event: &str, dataset: &Dataset, entity: &EntityType, id: &RecordId) -> Value {
    json!({"event": event, "entity": entity.as_str(), "id": id.to_string(), "project": dataset.project,
        "boundary": dataset.boundary})
}

pub(crate) fn sandbox(url: &str, tenant: &str, user: &str, password: &str) -> Value {
    json!({"event": "sandbox", "url": url, "tenant": tenant, "user": user, "password": password})
}

pub(crate) fn demo_step(step: &str, text: &str, seconds: f64) -> Value {
    json!({"event": "demo_step", "step": step, "text": text, "seconds": seconds})
}
