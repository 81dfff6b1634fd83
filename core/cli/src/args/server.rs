//! What is typed where a server is needed: the real one or one made up.

use std::net::SocketAddr;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// The server's address, e.g. `https://hcm.example.org`
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// The DIGIT tenant, e.g. mz
    #[arg(long)]
    pub(crate) tenant: String,
    /// The user name
    #[arg(long)]
    pub(crate) user: String,
    /// Allow http:// to another machine: password and data travel readable; closed test networks only
    #[arg(long)]
    pub(crate) allow_http: bool,
}

#[derive(Args, Debug)]
pub(crate) struct BoundariesArgs {
    /// The project, by id or name; remembered
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DownsyncArgs {
    /// Codes or names of leaf boundaries
    #[arg(value_name = "BOUNDARY", conflicts_with = "all")]
    pub(crate) boundaries: Vec<String>,
    /// All leaf boundaries of the project
    #[arg(long)]
    pub(crate) all: bool,
    /// The project, by id or name; remembered
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8008")]
    pub(crate) listen: SocketAddr,
    /// Households over all boundaries
    #[arg(long, value_name = "N", default_value_t = 1_200)]
    pub(crate) households: u64,
    /// Leaf boundaries (villages)
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) boundaries: u32,
    /// Where the made-up data comes from
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// The HTTP status of a downsync: 200 as newer servers, 202 as older ones
    #[arg(long, value_name = "200|202", default_value_t = 200)]
    pub(crate) accepted: u16,
    /// Answer with links to prepared files instead of pages
    #[arg(long)]
    pub(crate) pregen: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// How many receivers
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) receivers: u16,
    /// Households on the server, over 8 villages
    #[arg(long, value_name = "N", default_value_t = 1_200)]
    pub(crate) households: u64,
    /// Where the made-up data comes from
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Keep the folder with all databases
    #[arg(long)]
    pub(crate) keep: bool,
}
