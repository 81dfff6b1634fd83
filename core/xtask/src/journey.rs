//! `cargo xtask journey`: tests the SDK in another language, through the generated bindings, against a sandbox.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus};

use fieldcast_sandbox::{Sandbox, SandboxConfig};

use crate::args::Language;
use crate::{Outcome, bindings};

mod swift;

/// Runs the test program of the language and returns its exit code.
pub(crate) fn run(language: Language) -> Outcome {
    let root = bindings::root();
    let build: &[&str] = match language {
        Language::Python | Language::Swift => &["build"],
        Language::Kotlin => &["build", "--features=jni"],
    };
    let library = bindings::made(&root, build)?;
    let folder = library.parent().unwrap_or(&root);
    let mut program = match language {
        Language::Python => python(&root, &library)?,
        Language::Kotlin => kotlin(),
        Language::Swift => match swift::found()? {
            Some(swift) => swift.tests(&root, folder)?,
            None => {
                println!("SKIPPED: no `swift` on the PATH, and {} is not set", swift::ROOT);
                return Ok(bindings::code(true));
            }
        },
    };
    let status = against_sandbox(program.current_dir(&root), folder)?;
    Ok(bindings::code(status.success()))
}

/// Runs a test program against a sandbox, with the engine's library from `folder`.
pub(crate) fn against_sandbox(program: &mut Command, folder: &Path) -> Outcome<ExitStatus> {
    let runtime = tokio::runtime::Runtime::new()?;
    let config = SandboxConfig { households: 120, boundaries: 4, ..SandboxConfig::default() };
    let sandbox = runtime.block_on(Sandbox::start(config))?;
    program.env("FIELDCAST_SANDBOX", sandbox.url()).env("FIELDCAST_LIBRARY", folder);
    let name = program.get_program().to_string_lossy().into_owned();
    let status = program.status().map_err(|error| format!("cannot start {name}: {error}"));
    runtime.block_on(sandbox.stop());
    Ok(status?)
}

/// The generated module loads the library from its own folder.
fn python(root: &Path, library: &Path) -> Outcome<Command> {
    let made = root.join(bindings::MADE);
    if let Some(name) = library.file_name() {
        fs::copy(library, made.join(name))?;
    }
    let mut python = Command::new("python3");
    python.arg("tests/bindings/journey.py").env("PYTHONPATH", made).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(python)
}

fn kotlin() -> Command {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--no-transfer-progress", "--file", "android/sdk/pom.xml", "test"]);
    maven
}
