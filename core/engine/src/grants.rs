//! What campaigns grant and revoke: kept on this device, shown to others, and asked of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fieldcast_model::{Dataset, Fingerprint, Origin, SnapshotSummary};
use fieldcast_net::{Identity, fingerprint_of, verify};
use fieldcast_store::{Campaign, Store};
use fieldcast_wire::{
    Credentials, EndReason, Grant, Offer, Revocations, Role, SignedStatement, Statement, StatementError,
};

use crate::{Error, clock, origins};

/// Setting: whether grants are asked for.
const POLICY: &str = "grant_policy";
const REQUIRED: &str = "required";
const ASK: &str = "ask";

/// What a device without a grant may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// All that the people on both sides agree to.
    #[default]
    Ask,
    /// Nothing: data goes to and comes from those alone whom a trusted campaign has granted its boundary.
    GrantRequired,
}

/// The key a campaign signs with. It stays in the campaign's office; devices trust its public half.
#[derive(Debug)]
pub struct CampaignKey(Identity);

impl CampaignKey {
    /// A new key in a new file, for its owner's eyes alone.
    ///
    /// # Errors
    /// [`Error::CampaignKeyExists`], and [`Error::Network`] for a file that cannot be made.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if path.exists() {
            return Err(Error::CampaignKeyExists { path: path.to_owned() });
        }
        Ok(Self(Identity::load_or_create(path)?))
    }

    /// The key in a file.
    ///
    /// # Errors
    /// [`Error::NoCampaignKey`], and [`Error::Network`] for a file that is damaged or that others may read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let key = Identity::load(path)?;
        key.map(Self).ok_or_else(|| Error::NoCampaignKey { path: path.to_owned() })
    }

    /// What devices trust.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    /// Grants something; the authority is this key's, whatever stands there.
    ///
    /// # Errors
    /// [`StatementError::TooLarge`].
    pub fn grant(&self, grant: Grant) -> Result<SignedStatement, StatementError> {
        self.sign(&Statement::Grant(Grant { authority: self.public_key(), ..grant }))
    }

    /// A list of revoked devices that takes the place of all with a smaller number.
    ///
    /// # Errors
    /// [`StatementError::TooLarge`].
    pub fn revoke(&self, number: u32, devices: Vec<Fingerprint>) -> Result<SignedStatement, StatementError> {
        self.sign(&Statement::Revocations(Revocations { authority: self.public_key(), number, devices }))
    }

    /// Nothing is signed that devices would not believe.
    fn sign(&self, statement: &Statement) -> Result<SignedStatement, StatementError> {
        let signed = statement.sign(|message| self.0.sign(message));
        verify_statement(&signed).map(|_| signed)
    }
}

/// What a statement says, if its signature is right; whether its campaign is to be trusted is another question.
///
/// # Errors
/// [`StatementError`].
pub fn verify_statement(signed: &SignedStatement) -> Result<Statement, StatementError> {
    signed.verify(verify)
}

/// What this device shows to a peer. Blocks.
pub(crate) fn credentials(store: &Store) -> Result<Credentials, Error> {
    let read = |text: &String| SignedStatement::from_text(text).ok();
    let grants = store.held_grants()?.iter().filter_map(read).collect();
    let revocations = store.campaigns()?.iter().filter_map(|campaign| read(campaign.revocations.as_ref()?)).collect();
    Ok(Credentials::new(grants, revocations))
}

/// Keeps a statement of a trusted campaign: a grant to this `device`, or a list of revoked devices. Blocks.
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

/// Whether a list that was not taken over is the very one that is held.
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
        // What cannot be read may have been the stricter one.
        _ => Policy::GrantRequired,
    })
}

/// Sets the policy of this device. Blocks.
pub(crate) fn set_policy(store: &Store, policy: Policy) -> Result<(), Error> {
    let value = if policy == Policy::GrantRequired { REQUIRED } else { ASK };
    Ok(store.set_setting(POLICY, value)?)
}

/// What this device makes of a peer's credentials.
#[derive(Debug)]
pub(crate) struct Authorizer {
    policy: Policy,
    peer: Fingerprint,
    /// Whom trusted campaigns have revoked.
    revoked: BTreeSet<Fingerprint>,
    /// What trusted campaigns have granted the peer, as far as it has not expired.
    granted: Vec<Grant>,
}

impl Authorizer {
    /// Looks at what a peer has shown, after taking over whom it knows to be revoked. Blocks.
    pub(crate) fn of(store: &Store, peer: Fingerprint, shown: &Credentials) -> Result<Self, Error> {
        let campaigns: BTreeMap<_, _> =
            store.campaigns()?.into_iter().map(|campaign| (campaign.key, campaign.revoked_number)).collect();
        // Strangers' signatures are not even verified.
        let believed = |signed: &SignedStatement| {
            signed.verify(|key, message, signature| campaigns.contains_key(key) && verify(key, message, signature)).ok()
        };
        for signed in &shown.revocations {
            let Some(Statement::Revocations(list)) = believed(signed) else { continue };
            // Nearly always it is known already: then the writer is left alone.
            let held = campaigns.get(&list.authority).copied().flatten();
            if held.is_none_or(|held| held < list.number) {
                store.keep_revocations(&list.authority, list.number, &signed.to_text())?;
            }
        }
        let revoked = |text: String| match SignedStatement::from_text(&text).ok().as_ref().and_then(believed) {
            Some(Statement::Revocations(list)) => list.devices,
            _ => Vec::new(),
        };
        let lists = store.campaigns()?.into_iter().filter_map(|campaign| campaign.revocations);
        let revoked = lists.flat_map(revoked).collect();
        let now = now(store)?;
        let granted = shown.grants.iter().filter_map(|signed| match believed(signed)? {
            Statement::Grant(grant) if grant.device == peer && grant.expires > now => Some(grant),
            _ => None,
        });
        Ok(Self { policy: policy(store)?, peer, revoked, granted: granted.collect() })
    }

    /// Whether a campaign has revoked the peer. That counts whatever the policy.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.contains(&self.peer)
    }

    /// Refuses what the peer may not distribute: all, if it is revoked; what it has no grant for; what is not signed by whom
    /// it is said to come from, or by somebody revoked.
    pub(crate) fn authorize(&self, offer: &Offer) -> Result<(), EndReason> {
        let may = |offered: &SnapshotSummary| self.admits(Role::Distributor, &offered.dataset);
        if self.is_revoked() {
            Err(EndReason::Revoked { of_distributor: true })
        } else if !offer.snapshots.iter().all(may) {
            Err(EndReason::NotGranted { to_distributor: true })
        } else if !origins::are_authentic(offer) {
            Err(EndReason::NotAuthentic)
        } else {
            self.examine_origins(offer)
        }
    }

    /// Refuses what a revoked device answers for, whoever passes it on, with the name of the boundary.
    pub(crate) fn examine_origins(&self, offer: &Offer) -> Result<(), EndReason> {
        let is_revoked = |origin: &Origin| {
            self.revoked.contains(&fingerprint_of(&origin.key))
                || origin.sources.iter().any(|source| self.revoked.contains(&source.fingerprint))
        };
        match offer.origins.iter().zip(&offer.snapshots).find(|(origin, _)| is_revoked(origin)) {
            Some((_, SnapshotSummary { boundary_name, .. })) => Err(EndReason::OriginRevoked(boundary_name.clone())),
            None => Ok(()),
        }
    }

    /// Whether the peer, in this role, may have this dataset.
    pub(crate) fn admits(&self, role: Role, dataset: &Dataset) -> bool {
        self.policy == Policy::Ask || self.granted.iter().any(|grant| grant.covers(role, dataset))
    }
}

/// The time in ms since 1970: by this device's clock, which may be slow, but not before what a server has told it. What other
/// devices say of the time counts for nothing: one lie would end every grant.
fn now(store: &Store) -> Result<i64, Error> {
    Ok(clock::now().max(store.server_clock()?.map_or(i64::MIN, |clock| clock.server.0)))
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Digest, ServerTime};
    use fieldcast_store::{Arriving, PageCommit, ServerClock, SyncStart, SyncTarget};

    use super::*;

    #[test]
    fn unreadable_policy_is_grant_required() {
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
        assert_eq!(policy(&store).unwrap(), Policy::GrantRequired, "it may have been");
        set_policy(&store, Policy::Ask).unwrap();
        assert_eq!(policy(&store).unwrap(), Policy::Ask, "set again by the user");
    }

    #[test]
    fn a_slow_clock_is_corrected_by_servers_and_by_nobody_else() {
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
        let maker = origins::Signer { identity: &identity, name: &name };
        let (snapshot, empty) = (as_of(2 * far), fieldcast_model::RangeHashes::default().seal());
        let origin = maker.sign(&snapshot, empty, Vec::new());
        let (carrier, now_there) = (identity.fingerprint(), ServerTime(2 * far));
        let (carrier_name, is_trusted) = (&name, false);
        let arriving = Arriving {
            snapshot: &snapshot,
            origin: &origin,
            carrier,
            carrier_name,
            is_trusted,
            now: now_there,
            held: None,
        };
        store.apply::<()>(&arriving, &mut || Ok(None)).unwrap();
        assert_eq!(store.summary(&dataset).unwrap().unwrap().as_of.0, 2 * far);
        assert!(now(&store).unwrap() < far, "another device said so");
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
        assert_eq!(now(&store).unwrap(), far, "a server said so");
    }
}
