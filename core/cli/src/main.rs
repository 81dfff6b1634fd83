//! The fieldcast command line.
fn main() {}
