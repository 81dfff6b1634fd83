//! Records to chunks and back, and the manifests that name them. Sans-IO.
