//! A DIGIT-compatible HCM server with generated campaign data, for demos and tests.
//!
//! Paths and shapes are those of the real services, including their design faults: the incremental cursor that misses
//! changes, offsets that shift, HF referrals on every page. The data is a pure function of the seed and of how far the
//! campaign was advanced. It is generated on demand: a million households need no memory, and any page can be generated
//! independently.
//!
//! ```
//! # async fn demo() -> Result<(), fieldcast_sandbox::SandboxError> {
//! use fieldcast_sandbox::{Sandbox, SandboxConfig};
//!
//! let sandbox = Sandbox::start(SandboxConfig { seed: 7, ..SandboxConfig::default() }).await?;
//! let before = sandbox.campaign().moment();
//! sandbox.advance(10)?; // one per cent of the records change
//! assert!(sandbox.campaign().moment().now() > before.now());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod campaign;
mod clock;
mod config;
mod downsync;
mod entity;
mod error;
mod faults;
mod key;
mod pregen;
mod row;
mod sandbox;
mod server;
mod uuid;

pub use self::campaign::{
    Advance, BeneficiaryKind, CampaignBoundary, CampaignProject, CampaignRecord, Leaf, Moment, SandboxCampaign,
};
pub use self::clock::CLOCK_BASE_MS;
pub use self::config::{SandboxConfig, SandboxUser};
pub use self::error::SandboxError;
pub use self::faults::{Fault, FaultKind, When};
pub use self::sandbox::Sandbox;
