//! `cargo xtask app android`: builds and tests the Android app without Gradle and Google's Android SDK. The build takes
//! Android's classes and resources from Robolectric's copy of Android, and the other libraries and tools from Maven.

use std::fs;
use std::path::{Path, PathBuf};

use crate::args::AndroidApp;
use crate::{Outcome, bindings};

mod arsc;
mod compile;
mod junit;
mod libraries;
mod manifest;
mod resources;
mod stage;
mod tools;
mod xml;

use compile::{Compiled, Module};
use junit::{Choice, Tests};
use libraries::{Libraries, Section};
use resources::Resources;

/// The folder of all build products.
const OUT: &str = "target/android-app";
const APPLICATION_ID: &str = "org.fieldcast.app";
const MIN_SDK: u32 = 26;
const TARGET_SDK: u32 = 35;

/// A build of the app, by its source folder in android/app/src beside `main`.
struct Variant {
    name: &'static str,
    /// The libraries whose resources and manifests it contains.
    sections: &'static [Section],
}

/// What the tests run.
const DEBUG: Variant = Variant { name: "debug", sections: &[Section::App, Section::Test] };

/// Builds what the options ask for. Without options, compiles the app.
pub(crate) fn android(options: &AndroidApp) -> Outcome {
    if !tools::installed("the Android app", &[tools::JAVAC, tools::MAVEN, tools::AAPT2])? {
        return Ok(bindings::code(true));
    }
    let root = bindings::root();
    let out = root.join(OUT);
    fs::create_dir_all(&out)?;
    let libraries = Libraries::fetched(&root, &out)?;
    let sdk = sdk(&root, &out, &libraries)?;
    let resources = resources::linked(&root, &out, &DEBUG, &libraries)?;
    let app = app(&root, &out, &libraries, &resources, &sdk)?;
    if options.test.is_none() && !options.screens {
        return Ok(bindings::code(true));
    }
    let tests = tests(&root, &out, &libraries, &resources, [&app, &sdk])?;
    let choice = Choice { filters: options.test.as_deref().unwrap_or_default(), writes_screens: options.screens };
    let modules = [&tests, &app, &sdk];
    Tests { root: &root, out: &out, libraries: &libraries, resources: &resources, modules }.run(&choice)
}

fn sdk(root: &Path, out: &Path, libraries: &Libraries) -> Outcome<Compiled> {
    let folders = ["main/generated", "main/kotlin", "android/kotlin"];
    let module = Module {
        name: "sdk",
        sources: folders.map(|folder| root.join("android/sdk/src").join(folder)).into(),
        generated: None,
        modules: Vec::new(),
        sections: &[Section::App],
        uses_compose: false,
    };
    module.compile(out, libraries)
}

fn app(root: &Path, out: &Path, libraries: &Libraries, resources: &Resources, sdk: &Compiled) -> Outcome<Compiled> {
    let folders = ["main", DEBUG.name];
    let module = Module {
        name: "app",
        sources: folders.map(|folder| root.join("android/app/src").join(folder).join("kotlin")).into(),
        generated: Some((&resources.classes, &resources.key)),
        modules: vec![sdk],
        sections: &[Section::App],
        uses_compose: true,
    };
    module.compile(&out.join(DEBUG.name), libraries)
}

/// The tests share the SDK's simulated radio.
fn tests(
    root: &Path,
    out: &Path,
    libraries: &Libraries,
    resources: &Resources,
    modules: [&Compiled; 2],
) -> Outcome<Compiled> {
    let sources: [PathBuf; 2] = ["app/src/test/kotlin", "sdk/src/test/kotlin/org/fieldcast/sdk/link/FakeRadio.kt"]
        .map(|path| root.join("android").join(path));
    let module = Module {
        name: "tests",
        sources: sources.into(),
        generated: Some((&resources.classes, &resources.key)),
        modules: modules.into(),
        sections: &[Section::App, Section::Test],
        uses_compose: true,
    };
    module.compile(&out.join(DEBUG.name), libraries)
}

/// Android's number of the workspace's version, which grows with it.
fn version_code() -> u32 {
    let parts = env!("CARGO_PKG_VERSION").split(['.', '-']).take(3);
    parts.fold(0, |code, part| 1000 * code + part.parse::<u32>().unwrap_or(0))
}
