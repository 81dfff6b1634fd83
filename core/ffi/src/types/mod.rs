//! What goes over the border: the engine's own types, mirrored, and views of those that a screen wants otherwise.

mod campaign;
mod data;
mod device;
mod exchange;
mod past;
mod server;
mod settings;
mod words;

pub use campaign::*;
pub use data::*;
pub use device::*;
pub use exchange::*;
pub use past::*;
pub use server::*;
pub use settings::*;
pub use words::*;
