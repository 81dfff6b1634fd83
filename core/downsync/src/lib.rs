//! The DIGIT HCM client: login, projects, boundaries, and the records of a boundary page by page.
//!
//! It converts HTTP answers to typed values and stores nothing. The caller commits each [`Page`] together with its
//! [`Cursor`]. A download resumes from the last committed cursor, in this process or the next one:
//!
//! ```no_run
//! # use fieldcast_downsync::{Client, Cursor, Dataset, DownsyncOptions, Error, ServerConfig};
//! # async fn run() -> Result<(), Error> {
//! let client = Client::new(ServerConfig::new("https://hcm.example.org", "mz"))?;
//! let session = client.login("distributor", "password").await?;
//! let project = client.projects(&session).await?.remove(0);
//! let village = client.boundaries(&session, &project).await?.leaves().next().map(|leaf| leaf.code.clone());
//! let dataset = Dataset { tenant: "mz".into(), project: project.id.clone(), boundary: village };
//! let mut download = client.downsync(&session, dataset, Cursor::start(), DownsyncOptions::default())?;
//! while let Some(page) = download.next_page().await? {
//!     let batch = page.records.resolve(|wanted| Ok::<_, Error>(vec![None; wanted.len()]))?;
//!     // one transaction: batch.families, batch.project, page.next
//! }
//! # Ok(()) }
//! ```
//!
//! The client does not trust the server; the comment at each check describes the behavior of real deployments. A page
//! cannot answer two questions, so the store answers them: whether [`Cursor::households_total`] distinct households
//! were received, and which records are gone.

mod answer;
mod boundary;
mod boundary_download;
mod client;
mod config;
mod criteria;
mod cursor;
mod error;
mod failure;
mod files;
mod gunzip;
mod http;
mod http_date;
mod lines;
mod login;
mod members;
mod memory;
mod names;
mod page;
mod parse;
mod project;
mod retry;
mod roots;
mod schema;
mod session;
#[cfg(test)]
mod tests;

pub use boundary::{Boundary, BoundaryTree};
pub use boundary_download::{Downsync, DownsyncOptions};
pub use client::Client;
pub use config::{DownloadLimits, Localization, Paths, RetryPolicy, ServerConfig, Timeouts};
pub use cursor::{CLOCK_OVERLAP_MS, Cursor};
pub use error::Error;
pub use fieldcast_model::Dataset;
pub use page::{Page, PageRecords, Progress, ResolvedPage, Source, Unit};
pub use project::{BeneficiaryType, Project, ProjectBoundary};
pub use session::{Session, UserRole};
