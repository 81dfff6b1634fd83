//! Arguments of the commands that need a server, real or made-up.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// The server's address, for example `https://hcm.example.org`
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// The DIGIT tenant, for example mz
    #[arg(long)]
    pub(crate) tenant: String,
    /// The user name
    #[arg(long)]
    pub(crate) user: String,
    /// Allow http:// to another machine; others can then read password and data, so use it only on closed test
    /// networks
    #[arg(long)]
    pub(crate) allow_http: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ProfileArgs {
    /// The server's address, for example `https://hcm.example.org`; without this, the server of the login
    #[arg(long, value_name = "URL", requires = "tenant")]
    pub(crate) server: Option<String>,
    /// The DIGIT tenant, for example mz; without this, the tenant of the login
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// The campaign's public key, which phones trust after the login; `fieldcast grant new-authority` prints it
    #[arg(long, value_name = "KEY")]
    pub(crate) campaign: Option<String>,
    /// A name for the campaign
    #[arg(long, value_name = "NAME", requires = "campaign")]
    pub(crate) campaign_name: Option<String>,
    /// Allow http://, which only training builds of the app accept; others can then read password and data, so use it
    /// only on closed test networks
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// Also write the QR code to this new file, to print it
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct BoundariesArgs {
    /// The project, by id or name; saved for the next time
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DownsyncArgs {
    /// Villages, by code or name; `fieldcast boundaries` marks them with a dot
    #[arg(value_name = "BOUNDARY", conflicts_with = "all")]
    pub(crate) boundaries: Vec<String>,
    /// All villages of the project
    #[arg(long)]
    pub(crate) all: bool,
    /// The project, by id or name; saved for the next time
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// The address to listen on; port 0 uses any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8008")]
    pub(crate) listen: SocketAddr,
    /// Number of households in all villages together
    #[arg(long, value_name = "N", default_value_t = 1_200)]
    pub(crate) households: u64,
    /// Number of villages
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) boundaries: u32,
    /// Seed of the made-up data; the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// HTTP status of a downsync answer: 200 as from newer servers, or 202 as from older servers
    #[arg(long, value_name = "200|202", default_value_t = 200)]
    pub(crate) accepted: u16,
    /// Answer with links to prepared files instead of pages
    #[arg(long)]
    pub(crate) pregen: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Number of receivers
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) receivers: u16,
    /// Number of households on the server, in 8 villages
    #[arg(long, value_name = "N", default_value_t = 1_200)]
    pub(crate) households: u64,
    /// Seed of the made-up data; the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Keep the folder with all databases
    #[arg(long)]
    pub(crate) keep: bool,
}
