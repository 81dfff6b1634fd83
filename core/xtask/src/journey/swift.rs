//! Where Swift is, and how its tests are run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::Outcome;

/// Names a folder with a system that has Swift, as `.ci/swift` makes it.
pub(crate) const ROOT: &str = "FIELDCAST_SWIFT_ROOT";

/// A Swift that can be run.
pub(crate) enum Swift {
    /// On the PATH.
    Here,
    /// In a system of its own in this folder.
    Within(PathBuf),
}

/// The Swift of this machine; none when there is none.
///
/// # Errors
/// When a folder is named that has no Swift.
pub(crate) fn found() -> Outcome<Option<Swift>> {
    chosen(env::var_os("PATH"), env::var_os(ROOT).filter(|root| !root.is_empty()))
}

fn chosen(path: Option<OsString>, root: Option<OsString>) -> Outcome<Option<Swift>> {
    if let Some(root) = root {
        let root = PathBuf::from(root);
        if root.join("usr/bin/swift").symlink_metadata().is_err() {
            return Err(format!("{ROOT} is {}, which has no usr/bin/swift", root.display()).into());
        }
        return Ok(Some(Swift::Within(root)));
    }
    let path = path.unwrap_or_default();
    Ok(env::split_paths(&path).any(|folder| folder.join("swift").is_file()).then_some(Swift::Here))
}

/// Enters the system of `$1` in a mount namespace of its own, where the workspace is at the same place, and does the rest.
const ENTER: &str = r#"set -e
mount -t proc proc "$1/proc"
mount --bind "$2" "$1$2"
mount --bind "$3" "$1$3"
exec chroot "$1" /usr/bin/env PATH=/usr/bin:/bin HOME=/root sh -c 'cd "$1" && shift && exec "$@"' enter "$2" "${@:4}""#;

impl Swift {
    /// The tests of ios/Sdk, with the library from `folder`. What is built goes to target/swift.
    ///
    /// # Errors
    /// When the places in the other system cannot be made.
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
    fn a_folder_that_is_named_must_have_swift() {
        let empty = env::temp_dir().join("fieldcast-no-swift");
        assert!(chosen(None, Some(empty.clone().into())).is_err());
        assert!(chosen(Some(empty.into()), None).unwrap().is_none());
    }
}
