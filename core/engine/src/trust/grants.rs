//! Grants and revocations of campaigns: stored on this device, shown to peers, and checked for peers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fieldcast_model::{Dataset, Fingerprint, Provenance, SnapshotSummary};
use fieldcast_net::{Identity, fingerprint_of, verify};
use fieldcast_store::{Campaign, Store};
use fieldcast_wire::{
    Credentials, EndReason, Grant, Offer, Revocations, Role, SignedStatement, Statement, StatementError,
};

use super::provenance;
use crate::{Error, clock};

/// Setting: whether peers need a grant.
const POLICY: &str = "grant_policy";
const REQUIRED: &str = "required";
const ASK: &str = "ask";

/// What a device without a grant may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Everything that the users on both sides agree to.
    #[default]
    Ask,
    /// Nothing. This device sends and receives data only if a trusted campaign has granted its boundary to the peer.
    GrantRequired,
}

/// A campaign's signing key. It stays in the campaign's office; devices trust its public key.
#[derive(Debug)]
pub struct CampaignKey(Identity);

impl CampaignKey {
    /// Creates a new key in a new file that only its owner can read.
    ///
    /// # Errors
    /// [`Error::CampaignKeyExists`], and [`Error::Network`] if the file cannot be created.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if path.exists() {
            return Err(Error::CampaignKeyExists { path: path.to_owned() });
        }
        Ok(Self(Identity::load_or_create(path)?))
    }

    /// Opens the key in a file.
    ///
    /// # Errors
    /// [`Error::NoCampaignKey`], and [`Error::Network`] if the file is damaged or other users can read it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let key = Identity::load(path)?;
        key.map(Self).ok_or_else(|| Error::NoCampaignKey { path: path.to_owned() })
    }

    /// The key that devices trust.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    /// Signs a grant. Sets its `authority` to this key.
    ///
    /// # Errors
    /// [`StatementError::TooLarge`].
    pub fn grant(&self, grant: Grant) -> Result<SignedStatement, StatementError> {
        self.sign(&Statement::Grant(Grant { authority: self.public_key(), ..grant }))
    }

    /// Signs a list of revoked devices. It replaces all lists with a smaller number.
    ///
    /// # Errors
    /// [`StatementError::TooLarge`].
    pub fn revoke(&self, number: u32, devices: Vec<Fingerprint>) -> Result<SignedStatement, StatementError> {
        self.sign(&Statement::Revocations(Revocations { authority: self.public_key(), number, devices }))
    }

    /// Signs a statement and checks that devices will accept it.
    fn sign(&self, statement: &Statement) -> Result<SignedStatement, StatementError> {
        let signed = statement.sign(|message| self.0.sign(message));
        verify_statement(&signed).map(|_| signed)
    }
}

/// The content of a statement with a valid signature. The caller must still check that the campaign is trusted.
///
/// # Errors
/// [`StatementError`].
pub fn verify_statement(signed: &SignedStatement) -> Result<Statement, StatementError> {
    signed.verify(verify)
}

/// The credentials that this device shows to a peer. Blocks.
pub(crate) fn credentials(store: &Store) -> Result<Credentials, Error> {
    let read = |text: &String| SignedStatement::from_text(text).ok();
    let grants = store.held_grants()?.iter().filter_map(read).collect();
    let revocations = store.campaigns()?.iter().filter_map(|campaign| read(campaign.revocations.as_ref()?)).collect();
    Ok(Credentials::new(grants, revocations))
}

/// Stores a statement of a trusted campaign: a grant to this `device`, or a list of revoked devices. Blocks.
pub(crate) fn keep(store: &Store, device: Fingerprint, signed: &SignedStatement) -> Result<Statement, Error> {
    let statement = verify_statement(signed)?;
    let authority = statement.authority();
    let campaign = || -> Result<Campaign, Error> {
        let campaigns = store.campaigns()?;
        campaigns.into_iter().find(|campaign| campaign.key == *authority).ok_or(Error::UnknownCampaign)
    };
    campaign()?;
    match &statement {
        Statement::Grant(grant) if grant.device != device => return Err(Error::GrantOfAnother),
        Statement::Grant(_) => store.keep_grant(authority, &signed.to_text())?,
        Statement::Revocations(list) => {
            if !store.keep_revocations(authority, list.number, &signed.to_text())? {
                is_held(&campaign()?, list.number, &signed.to_text())?;
            }
        }
    }
    Ok(statement)
}

/// Checks whether a list that was not stored equals the stored one.
fn is_held(campaign: &Campaign, number: u32, list: &str) -> Result<(), Error> {
    match campaign.revoked_number {
        Some(held) if held != number => Err(Error::OutdatedRevocations { number, held }),
        _ if campaign.revocations.as_deref() == Some(list) => Ok(()),
        _ => Err(Error::ConflictingRevocations { number }),
    }
}

/// The policy of this device. Blocks.
pub(crate) fn policy(store: &Store) -> Result<Policy, Error> {
    Ok(match store.setting(POLICY)?.as_deref() {
        Some(ASK) => Policy::Ask,
        None if !store.are_settings_lost()? => Policy::Ask,
        // The stored policy is unreadable and may have been the stricter one.
        _ => Policy::GrantRequired,
    })
}

/// Sets the policy of this device. Blocks.
pub(crate) fn set_policy(store: &Store, policy: Policy) -> Result<(), Error> {
    let value = if policy == Policy::GrantRequired { REQUIRED } else { ASK };
    Ok(store.set_setting(POLICY, value)?)
}

/// Authorizes a peer by its credentials.
#[derive(Debug)]
pub(crate) struct Authorizer {
    policy: Policy,
    peer: Fingerprint,
    /// Devices that trusted campaigns have revoked.
    revoked: BTreeSet<Fingerprint>,
    /// The peer's grants from trusted campaigns that have not expired.
    granted: Vec<Grant>,
}

impl Authorizer {
    /// Reads the credentials of a peer. Stores the revocations among them first. Blocks.
    pub(crate) fn of(store: &Store, peer: Fingerprint, credentials: &Credentials) -> Result<Self, Error> {
        let campaigns: BTreeMap<_, _> =
            store.campaigns()?.into_iter().map(|campaign| (campaign.key, campaign.revoked_number)).collect();
        // Signatures of unknown campaigns are not verified at all.
        let trusted = |signed: &SignedStatement| {
            signed.verify(|key, message, signature| campaigns.contains_key(key) && verify(key, message, signature)).ok()
        };
        for signed in &credentials.revocations {
            let Some(Statement::Revocations(list)) = trusted(signed) else { continue };
            // The list is nearly always known already; then no write is necessary.
            let held = campaigns.get(&list.authority).copied().flatten();
            if held.is_none_or(|held| held < list.number) {
                store.keep_revocations(&list.authority, list.number, &signed.to_text())?;
            }
        }
        let revoked = |text: String| match SignedStatement::from_text(&text).ok().as_ref().and_then(trusted) {
            Some(Statement::Revocations(list)) => list.devices,
            _ => Vec::new(),
        };
        let lists = store.campaigns()?.into_iter().filter_map(|campaign| campaign.revocations);
        let revoked = lists.flat_map(revoked).collect();
        let now = now(store)?;
        let granted = credentials.grants.iter().filter_map(|signed| match trusted(signed)? {
            Statement::Grant(grant) if grant.device == peer && grant.expires > now => Some(grant),
            _ => None,
        });
        Ok(Self { policy: policy(store)?, peer, revoked, granted: granted.collect() })
    }

    /// Whether a campaign has revoked the peer. This applies under every policy.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.contains(&self.peer)
    }

    /// Refuses an offer if the peer is revoked, has no grant for a dataset, or offers data whose signature is wrong or
    /// whose signer is revoked.
    pub(crate) fn authorize(&self, offer: &Offer) -> Result<(), EndReason> {
        let may = |offered: &SnapshotSummary| self.allows(Role::Distributor, &offered.dataset);
        if self.is_revoked() {
            Err(EndReason::Revoked { of_distributor: true })
        } else if !offer.snapshots.iter().all(may) {
            Err(EndReason::NotGranted { to_distributor: true })
        } else if !provenance::are_authentic(offer) {
            Err(EndReason::NotAuthentic)
        } else {
            self.authorize_signers(offer)
        }
    }

    /// Refuses data that a revoked device signed or downloaded, even if another device passes it on. The error names
    /// the boundary.
    pub(crate) fn authorize_signers(&self, offer: &Offer) -> Result<(), EndReason> {
        let is_revoked = |provenance: &Provenance| {
            self.revoked.contains(&fingerprint_of(&provenance.key))
                || provenance.sources.iter().any(|source| self.revoked.contains(&source.fingerprint))
        };
        match offer.provenance.iter().zip(&offer.snapshots).find(|(provenance, _)| is_revoked(provenance)) {
            Some((_, SnapshotSummary { boundary_name, .. })) => Err(EndReason::SignerRevoked(boundary_name.clone())),
            None => Ok(()),
        }
    }

    /// Whether the peer may have this dataset in this role.
    pub(crate) fn allows(&self, role: Role, dataset: &Dataset) -> bool {
        self.policy == Policy::Ask || self.granted.iter().any(|grant| grant.covers(role, dataset))
    }
}

/// The time in ms since 1970: by this device's clock, which may be slow, but not before the last time that a server
/// gave. The times that other devices give are ignored, because one wrong time would end every grant.
fn now(store: &Store) -> Result<i64, Error> {
    Ok(clock::now().max(store.server_clock()?.map_or(i64::MIN, |clock| clock.server.0)))
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Digest, ServerTime};
    use fieldcast_store::{Arriving, PageCommit, ServerClock, SyncStart, SyncTarget};

    use super::*;

    #[test]
    fn requires_grants_if_policy_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().store;
        assert_eq!(policy(&store).unwrap(), Policy::Ask, "a new device");
        store.set_setting(POLICY, "reqvired").unwrap();
        assert_eq!(policy(&store).unwrap(), Policy::GrantRequired);
        drop(store);
        for file in ["fieldcast.db", "fieldcast-copy.db"] {
            std::fs::write(dir.path().join(file), [0xff; 5000]).unwrap();
        }
        let store = Store::open(dir.path()).unwrap().store;
        assert_eq!(policy(&store).unwrap(), Policy::GrantRequired, "the lost policy may have been strict");
        set_policy(&store, Policy::Ask).unwrap();
        assert_eq!(policy(&store).unwrap(), Policy::Ask, "set again by the user");
    }

    #[test]
    fn corrects_slow_clock_only_by_server_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().store;
        let dataset = Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("b".into()) };
        let as_of = |as_of| SnapshotSummary {
            dataset: dataset.clone(),
            project_name: "Nets".into(),
            boundary_name: "Muite".into(),
            as_of: ServerTime(as_of),
            records: 0,
            households: 0,
            json_bytes: 0,
            digest: Digest::EMPTY,
        };
        let far = clock::now() + 1_000_000_000;
        let (identity, name) = (Identity::generate().unwrap(), fieldcast_model::DeviceName::new("x"));
        let signer = provenance::Signer { identity: &identity, name: &name };
        let (snapshot, empty) = (as_of(2 * far), fieldcast_model::RangeHashes::default().snapshot_hash());
        let provenance = signer.sign(&snapshot, empty, Vec::new());
        let (carrier, now_there) = (identity.fingerprint(), ServerTime(2 * far));
        let (carrier_name, is_trusted) = (&name, false);
        let arriving = Arriving {
            snapshot: &snapshot,
            provenance: &provenance,
            carrier,
            carrier_name,
            is_trusted,
            now: now_there,
            held: None,
        };
        store.apply::<()>(&arriving, &mut || Ok(None)).unwrap();
        assert_eq!(store.summary(&dataset).unwrap().unwrap().as_of.0, 2 * far);
        assert!(now(&store).unwrap() < far, "another device's time does not count");
        let target = SyncTarget {
            server: "none".into(),
            dataset: dataset.clone(),
            project_name: String::new(),
            boundary_name: String::new(),
        };
        let page = PageCommit {
            run: store.begin_sync(&target, SyncStart::Fresh).unwrap().run,
            as_of: Some(ServerTime(far)),
            clock: Some(ServerClock { server: ServerTime(far), device: 0 }),
            position: String::new(),
            done: 0,
            total: 0,
            bytes: 0,
            families: Vec::new(),
            project_wide: Vec::new(),
        };
        store.commit_page(&page).unwrap();
        assert_eq!(now(&store).unwrap(), far, "a server's time counts");
    }
}
