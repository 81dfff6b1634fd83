//! `cargo xtask app android`: builds and tests the Android app without Gradle and Google's Android SDK. The build takes
//! Android's classes and resources from Robolectric's copy of Android, and the other libraries and tools from Maven.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::AndroidApp;
use crate::{Outcome, bindings, practice};

mod align;
mod apk;
mod arsc;
mod badging;
mod bytes;
mod compile;
mod junit;
mod libraries;
mod manifest;
mod resources;
mod shrink;
mod stage;
mod tools;
#[cfg(test)]
mod versions_tests;
mod xml;

use compile::{Compiled, Module};
use junit::{Choice, Tests};
use libraries::{Libraries, Section};
use resources::Resources;
use stage::{Inputs, stage};

/// The folder of all build products.
const OUT: &str = "target/android-app";
/// The id of the app that users install, and the package of its classes in every build.
const APPLICATION_ID: &str = "org.fieldcast.app";
const MIN_SDK: u32 = 26;
const TARGET_SDK: u32 = 35;

/// A build of the app, by its source folder in android/app/src beside `main`.
struct Variant {
    name: &'static str,
    /// What follows [`APPLICATION_ID`]. A phone has at most one app with an id.
    id_suffix: &'static str,
    /// The app's name in English.
    label: &'static str,
    /// The libraries whose resources and manifests it contains.
    sections: &'static [Section],
    /// Whether it offers to practise without a server.
    is_rehearsal: bool,
}

/// What users install.
const RELEASE: Variant =
    Variant { name: "release", id_suffix: "", label: "Fieldcast", sections: &[Section::App], is_rehearsal: false };
/// What the tests run.
const DEBUG: Variant =
    Variant { name: "debug", sections: &[Section::App, Section::Test], is_rehearsal: true, ..RELEASE };
/// What trainers install, beside the app that users install.
const TRAINING: Variant =
    Variant { name: "training", id_suffix: ".training", label: "Fieldcast training", is_rehearsal: true, ..RELEASE };

impl Variant {
    fn application_id(&self) -> String {
        format!("{APPLICATION_ID}{}", self.id_suffix)
    }
}

/// Builds what the options ask for. Without options, compiles the app.
pub(crate) fn android(options: &AndroidApp) -> Outcome {
    let mut needed = vec![tools::JAVAC, tools::MAVEN, tools::AAPT2];
    if options.apk {
        needed.extend([tools::ZIPALIGN, tools::APKSIGNER]);
    }
    if !tools::installed("the Android app", &needed)? {
        return Ok(bindings::code(true));
    }
    let root = bindings::root();
    let out = root.join(OUT);
    fs::create_dir_all(&out)?;
    let libraries = Libraries::fetched(&root, &out)?;
    let problems = libraries.needs(&root)?;
    if !problems.is_empty() {
        return Ok(crate::listed(&problems));
    }
    let build = Build { sdk: sdk(&root, &out, &libraries)?, root, out, libraries };
    if options.test.is_some() || options.screens {
        let code = build.test(options)?;
        if code != ExitCode::SUCCESS || !options.apk {
            return Ok(code);
        }
    }
    if options.apk {
        return apk::made(&build, if options.training { &TRAINING } else { &RELEASE });
    }
    build.app(&DEBUG)?;
    Ok(bindings::code(true))
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

/// What all variants share.
struct Build {
    root: PathBuf,
    out: PathBuf,
    libraries: Libraries,
    sdk: Compiled,
}

impl Build {
    /// Links the resources of a variant, and compiles its classes.
    fn app(&self, variant: &Variant) -> Outcome<(Resources, Compiled)> {
        if variant.is_rehearsal {
            self.practice()?;
        }
        let resources = resources::linked(&self.root, &self.out, variant, &self.libraries)?;
        let folders = ["main", variant.name];
        let module = Module {
            name: "app",
            sources: folders.map(|folder| self.root.join("android/app/src").join(folder).join("kotlin")).into(),
            generated: Some((&resources.classes, &resources.key)),
            modules: vec![&self.sdk],
            sections: &[Section::App],
            uses_compose: true,
        };
        let app = module.compile(&self.out.join(variant.name), &self.libraries)?;
        Ok((resources, app))
    }

    /// Makes the asset with which a user practises without a server.
    fn practice(&self) -> Outcome<()> {
        let formats = ["core/bundle/src", "core/sandbox/src", "schema"].map(|path| self.root.join(path));
        let assets = self.out.join("assets");
        stage("practice data", &assets, &Inputs::new().paths(&formats)?.key(), || {
            practice::run(&assets.join("practice.fcb")).map(drop)
        })
    }

    fn test(&self, options: &AndroidApp) -> Outcome {
        let (resources, app) = self.app(&DEBUG)?;
        let tests = self.tests(&resources, &app)?;
        let choice = Choice { filters: options.test.as_deref().unwrap_or_default(), writes_screens: options.screens };
        let modules = [&tests, &app, &self.sdk];
        let Self { root, out, libraries, .. } = self;
        Tests { root, out, libraries, resources: &resources, modules }.run(&choice)
    }

    /// The tests share the SDK's simulated radio.
    fn tests(&self, resources: &Resources, app: &Compiled) -> Outcome<Compiled> {
        let sources = ["app/src/test/kotlin", "sdk/src/test/kotlin/org/fieldcast/sdk/link/FakeRadio.kt"];
        let module = Module {
            name: "tests",
            sources: sources.map(|path| self.root.join("android").join(path)).into(),
            generated: Some((&resources.classes, &resources.key)),
            modules: vec![app, &self.sdk],
            sections: &[Section::App, Section::Test],
            uses_compose: true,
        };
        module.compile(&self.out.join(DEBUG.name), &self.libraries)
    }
}

/// Android's number of the workspace's version, which grows with it.
fn version_code() -> u32 {
    let parts = env!("CARGO_PKG_VERSION").split(['.', '-']).take(3);
    parts.fold(0, |code, part| 1000 * code + part.parse::<u32>().unwrap_or(0))
}
