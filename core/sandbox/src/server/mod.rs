//! The HTTP interface: paths and shapes of a DIGIT HCM deployment.

mod admin;
mod auth;
mod boundary;
mod downsync;
mod files;
mod mdms;
mod project;
mod reply;
mod spoil;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use self::auth::Tokens;
use crate::campaign::SandboxCampaign;
use crate::config::SandboxConfig;
use crate::faults::FaultPlan;

/// The state that all handlers share.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) campaign: Arc<SandboxCampaign>,
    pub(crate) faults: FaultPlan,
    tokens: Tokens,
    accepted_status: u16,
    pregen: bool,
}

impl ServerState {
    /// Makes a server for the campaign, without logged-in users.
    pub(crate) fn new(campaign: Arc<SandboxCampaign>, config: &SandboxConfig) -> Self {
        Self {
            campaign,
            faults: FaultPlan::new(config.faults.clone()),
            tokens: Tokens::default(),
            accepted_status: config.accepted_status,
            pregen: config.pregen,
        }
    }
}

/// All endpoints.
pub(crate) fn router(app: Arc<ServerState>) -> Router {
    Router::new()
        .route("/user/oauth/token", post(auth::login))
        .route("/mdms-v2/v1/_search", post(mdms::search))
        .route("/egov-mdms-service/v1/_search", post(mdms::search))
        .route("/localization/messages/v1/_search", post(boundary::messages))
        .route("/access/v1/actions/mdms/_get", post(auth::actions))
        .route("/project/check/bandwidth", post(project::bandwidth))
        .route("/health-project/check/bandwidth", post(project::bandwidth))
        .route("/project/staff/v1/_search", post(project::staff))
        .route("/project/v1/_search", post(project::search))
        .route("/boundary-service/boundary-relationships/_search", post(boundary::relationships))
        .route("/referralmanagement/beneficiary-downsync/v1/_get", post(downsync::page))
        .route("/_files/{*key}", get(files::download))
        .route("/_sandbox/advance", post(admin::advance))
        .route("/_sandbox/faults", post(admin::add_faults).delete(admin::clear_faults))
        .route("/_sandbox/stats", get(admin::stats))
        .with_state(app)
}
