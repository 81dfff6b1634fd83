//! The types of the API: the engine's own types, mirrored, and views of them for a screen.

mod campaign;
mod data;
mod device;
mod exchange;
mod history;
mod scalars;
mod server;
mod settings;

pub use campaign::*;
pub use data::*;
pub use device::*;
pub use exchange::*;
pub use history::*;
pub use scalars::*;
pub use server::*;
pub use settings::*;
