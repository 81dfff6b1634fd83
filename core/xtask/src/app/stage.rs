//! Runs a stage of the build only if its inputs have changed.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

use crate::Outcome;

/// Everything that a stage reads.
pub(crate) struct Inputs(blake3::Hasher);

impl Inputs {
    pub(crate) fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    /// Adds a text, such as an option or the key of an earlier stage.
    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds the contents of a file, or of all files in a folder. A missing path counts as empty.
    pub(crate) fn path(mut self, path: &Path) -> io::Result<Self> {
        for file in files(path)? {
            self = self.text(&file.to_string_lossy()).bytes(&fs::read(&file)?);
        }
        Ok(self)
    }

    pub(crate) fn paths(self, paths: &[PathBuf]) -> io::Result<Self> {
        paths.iter().try_fold(self, |inputs, path| inputs.path(path))
    }

    /// The hash of all inputs.
    pub(crate) fn key(self) -> String {
        self.0.finalize().to_hex().to_string()
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&bytes.len().to_le_bytes()).update(bytes);
        self
    }
}

/// All files at a path, sorted.
pub(crate) fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries.iter().map(|entry| files(entry)).collect::<io::Result<Vec<_>>>()?.concat())
}

/// Makes `product`, unless it was made from inputs with the same key. Prints the time.
pub(crate) fn stage(name: &str, product: &Path, key: &str, make: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    let stamp = product.with_added_extension("stamp");
    if product.exists() && fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
        return Ok(());
    }
    let begun = Instant::now();
    fs::write(&stamp, "")?;
    make()?;
    fs::write(&stamp, key)?;
    println!("{name}: {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_stage_only_if_inputs_change() {
        let folder = tempfile::tempdir().unwrap();
        let (source, product) = (folder.path().join("source"), folder.path().join("product"));
        let made = |contents: &str| {
            fs::write(&source, contents).unwrap();
            let key = Inputs::new().text("options").path(&source).unwrap().key();
            let mut was_made = false;
            stage("stage", &product, &key, || {
                was_made = true;
                Ok(fs::write(&product, "")?)
            })
            .unwrap();
            was_made
        };
        assert_eq!([made("a"), made("a"), made("b"), made("a")], [true, false, true, true]);
    }

    #[test]
    fn repeats_stage_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        let product = folder.path().join("product");
        stage("stage", &product, "a", || Ok(fs::write(&product, "")?)).unwrap();
        assert!(stage("stage", &product, "b", || Err("it failed".into())).is_err());
        let mut was_made = false;
        stage("stage", &product, "a", || {
            was_made = true;
            Ok(())
        })
        .unwrap();
        assert!(was_made);
    }
}
