//! The Fieldcast engine: downsync, offer, receive.
//!
//! [`Engine`] is the whole API. A long operation returns a handle ([`DownsyncJob`], [`OfferSession`],
//! [`ReceiveSession`]): subscribe to its events, answer its questions, or stop it. Dropping the handle cancels the
//! operation. The engine prints nothing, and no event or error contains a record.

mod api;
mod bundle_file;
mod clock;
#[cfg(test)]
mod convergence_tests;
mod doctor;
mod downsync_job;
mod error;
mod events;
mod idle_check;
mod network;
mod offer;
mod qr;
mod receive;
mod settings;
mod task;
mod trust;

pub use api::{Account, Engine, device_fingerprint};
pub use bundle_file::{BundleInfo, Imported};
pub use doctor::{Check, Checked, DoctorSettings, Finding, doctor};
pub use downsync_job::{BoundaryProgress, DownsyncEvent, DownsyncJob, DownsyncReport};
pub use error::Error;
pub use events::Subscription;
pub use fieldcast_bundle::FileError;
pub use fieldcast_downsync::{BeneficiaryType, Boundary, BoundaryTree, Error as ServerError, Project, ProjectBoundary};
pub use fieldcast_model::{
    Dataset, DeviceName, Digest, EntityType, Fingerprint, Json, Provenance, Record, RecordId, ServerTime, Signature,
    SnapshotHash, SnapshotSource, SnapshotSummary, civil, is_shown,
};
pub use fieldcast_net::{
    DiscoveredService, Discovery, DiscoverySink, Error as NetworkError, Interface, KeyWrap, Service, Wanted,
    choose_interface, interfaces,
};
pub use fieldcast_store::{
    BundleSource, Campaign, DatasetStatus, DistributionStats, EditSent, EditStatus, Error as StoreError, Exchange,
    ExchangeResult, ExchangeRole, LocalEdit, RecordQuery, RecordSource, Recovery, TrustedPeer, Verified,
};
pub use fieldcast_wire::{
    ComparisonResult, EndKind, EndReason, Grant, Group, Invite, InviteError, Limits, Offer, Profile, ProfileError,
    Revocations, Role, Sas, SignedStatement, Statement, StatementError, Token,
};
pub use network::{InterfaceMonitor, NetworkChange, SharedKey, WifiGroupMonitor, new_group};
pub use offer::{FoundBy, FoundPeer, OfferEvent, OfferSession, SendProgress, SendState, Sent};
pub use qr::{QrMatrix, qr};
pub use receive::{
    DialState, DialTarget, DiscoveredDistributor, Question, ReceiveEvent, ReceiveProgress, ReceiveSession,
    ReceiveState, Received, Sender, UnfinishedOffer,
};
pub use settings::{ExchangeSettings, Settings};
pub use trust::{Answer, CampaignKey, PastExchange, Policy, SourceDevice, Trust, verify_statement};
