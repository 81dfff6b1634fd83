//! Finds Swift and runs the Swift tests.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::Outcome;

/// The environment variable with the root folder of a system that has Swift, as `.ci/swift` makes it.
pub(crate) const ROOT: &str = "FIELDCAST_SWIFT_ROOT";

/// An installed Swift.
pub(crate) enum Swift {
    /// On the PATH.
    Here,
    /// In a separate system in this folder.
    Within(PathBuf),
}

/// Returns the Swift of this machine, or `None`.
///
/// # Errors
/// If the environment variable names a folder without Swift.
pub(crate) fn found() -> Outcome<Option<Swift>> {
    chosen(env::var_os("PATH"), env::var_os(ROOT).filter(|root| !root.is_empty()))
}

fn chosen(path: Option<OsString>, root: Option<OsString>) -> Outcome<Option<Swift>> {
    if let Some(root) = root {
        let root = PathBuf::from(root);
        if root.join("usr/bin/swift").symlink_metadata().is_err() {
            return Err(format!(
                "{ROOT} is {}, but that folder has no usr/bin/swift; set it to a system root with Swift",
                root.display()
            )
            .into());
        }
        return Ok(Some(Swift::Within(root)));
    }
    let path = path.unwrap_or_default();
    Ok(env::split_paths(&path).any(|folder| folder.join("swift").is_file()).then_some(Swift::Here))
}

/// Enters the system of `$1` in a separate mount namespace, mounts the workspace at the same path, and runs the
/// command.
const ENTER: &str = r#"set -e
mount -t proc proc "$1/proc"
mount --bind "$2" "$1$2"
mount --bind "$3" "$1$3"
exec chroot "$1" /usr/bin/env PATH=/usr/bin:/bin HOME=/root sh -c 'cd "$1" && shift && exec "$@"' enter "$2" "${@:4}""#;

impl Swift {
    /// Returns the command for the tests of ios/Sdk, with the library from `folder`. Build products go to target/swift.
    ///
    /// # Errors
    /// If the mount points in the other system cannot be created.
    pub(crate) fn tests(&self, root: &Path, folder: &Path) -> io::Result<Command> {
        let tests = ["test", "--package-path", "ios/Sdk", "--scratch-path", "target/swift", "--disable-sandbox"];
        let mut swift = match self {
            Self::Here => Command::new("swift"),
            Self::Within(system) => {
                for place in [root, folder] {
                    fs::create_dir_all(system.join(place.strip_prefix("/").unwrap_or(place)))?;
                }
                let mut enter = Command::new("unshare");
                enter.args(["--mount", "bash", "-c", ENTER, "enter"]).args([system, root, folder]).arg("swift");
                enter
            }
        };
        swift.args(tests);
        Ok(swift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_named_folder_without_swift() {
        let empty = env::temp_dir().join("fieldcast-no-swift");
        assert!(chosen(None, Some(empty.clone().into())).is_err());
        assert!(chosen(Some(empty.into()), None).unwrap().is_none());
    }
}
