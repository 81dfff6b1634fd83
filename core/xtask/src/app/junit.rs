//! Runs the app's tests: JUnit on the JVM, with Robolectric's Android and the engine's library for this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::compile::Compiled;
use super::libraries::{Libraries, Section};
use super::resources::Resources;
use super::stage::files;
use super::{APPLICATION_ID, MIN_SDK, TARGET_SDK, tools};
use crate::{Outcome, binary, bindings, journey};

/// The API levels that the tests run on, each in its own JVM: Robolectric loads the SDK's classes once for each level, but
/// the engine's library, which is loaded once, calls back only the classes that were loaded last.
const LEVELS: [u32; 2] = [MIN_SDK, TARGET_SDK];

/// What the tests need.
pub(crate) struct Tests<'a> {
    pub(crate) root: &'a Path,
    pub(crate) out: &'a Path,
    pub(crate) libraries: &'a Libraries,
    pub(crate) resources: &'a Resources,
    /// The tests' own classes come first.
    pub(crate) modules: [&'a Compiled; 3],
}

/// Which tests to run.
pub(crate) struct Choice<'a> {
    /// Parts of class names. Empty means all classes.
    pub(crate) filters: &'a [String],
    /// Only the classes that draw screens, which write their pictures to docs/pictures.
    pub(crate) writes_screens: bool,
}

impl Choice<'_> {
    fn includes(&self, class: &str) -> bool {
        let is_named = self.filters.is_empty() || self.filters.iter().any(|filter| class.contains(filter));
        is_named && (!self.writes_screens || class.ends_with("ScreensTest"))
    }
}

impl Tests<'_> {
    /// Runs the chosen classes against a sandbox. JUnit's summary is the last line.
    ///
    /// # Errors
    /// If no class is chosen, or a part of the engine cannot be built.
    pub(crate) fn run(&self, choice: &Choice<'_>) -> Outcome {
        let [tests, ..] = self.modules;
        let classes: Vec<_> =
            test_classes(&tests.classes)?.into_iter().filter(|class| choice.includes(class)).collect();
        if classes.is_empty() {
            return Err(format!("no test class matches {:?}; give a part of a class name", choice.filters).into());
        }
        let library = bindings::library(self.root, &["build", "--features=jni"])?;
        let command = binary::build(false)?;
        let folder = library.parent().unwrap_or(self.root);
        let mut are_green = true;
        // Screens are drawn on one level.
        for level in LEVELS.iter().filter(|level| !choice.writes_screens || **level == TARGET_SDK) {
            println!("\n-- API level {level}");
            let mut java = self.java(folder, choice, *level)?;
            java.args(&classes).env("FIELDCAST_COMMAND", &command);
            are_green &= journey::against_sandbox(&mut java, folder)?.success();
        }
        Ok(bindings::code(are_green))
    }

    fn java(&self, library: &Path, choice: &Choice<'_>, level: u32) -> Outcome<Command> {
        let temporary = self.out.join("tmp");
        tools::empty(&temporary)?;
        let mut java = tools::java(&self.class_path()?)?;
        let mut property = |name: &str, value: &Path| _ = java.arg(format!("-D{name}={}", value.display()));
        property("java.library.path", library);
        property("jna.library.path", library);
        property("java.io.tmpdir", &temporary);
        property("robolectric.dependency.dir", &self.libraries.frameworks());
        property("robolectric.offline", Path::new("true"));
        property("robolectric.enabledSdks", Path::new(&level.to_string()));
        property("fieldcast.screens", &self.out.join("screens"));
        property("fieldcast.pictures", &self.root.join("docs/pictures"));
        if choice.writes_screens {
            property("fieldcast.screens.write", Path::new("true"));
        }
        java.arg("org.junit.runner.JUnitCore").current_dir(self.root.join("android/app"));
        Ok(java)
    }

    fn class_path(&self) -> Outcome<Vec<PathBuf>> {
        let mut paths: Vec<_> = self.modules.iter().map(|module| module.classes.clone()).collect();
        paths.extend([self.resources.classes.clone(), self.configuration()?]);
        paths.push(self.root.join("android/app/src/test/resources"));
        paths.extend(self.libraries.jars(&[Section::App, Section::Test])?);
        // Last: it contains old copies of some libraries.
        paths.push(self.libraries.jar(Section::Framework, "android-all")?);
        Ok(paths)
    }

    /// Writes the file that tells Robolectric where the resources are. Returns its folder on the class path.
    fn configuration(&self) -> Outcome<PathBuf> {
        let folder = self.out.join("test-configuration");
        let file = folder.join("com/android/tools/test_config.properties");
        fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        let Resources { archive, manifest, assets, .. } = self.resources;
        let text = format!(
            "android_merged_manifest={}\nandroid_resource_apk={}\nandroid_merged_assets={}\n\
             android_custom_package={APPLICATION_ID}\n",
            manifest.display(),
            archive.display(),
            assets.display()
        );
        fs::write(file, text)?;
        Ok(folder)
    }
}

/// The names of the classes that end in `Test`, sorted.
fn test_classes(folder: &Path) -> Outcome<Vec<String>> {
    let mut classes = Vec::new();
    for file in files(folder)? {
        let name = file.strip_prefix(folder)?.to_string_lossy().replace(std::path::MAIN_SEPARATOR, ".");
        classes.extend(name.strip_suffix(".class").filter(|name| name.ends_with("Test")).map(str::to_owned));
    }
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_classes_by_part_of_name() {
        let filters = ["Home".to_owned()];
        let some = Choice { filters: &filters, writes_screens: false };
        assert!(some.includes("a.HomeTest") && !some.includes("a.SendTest"));
        let screens = Choice { filters: &[], writes_screens: true };
        assert!(screens.includes("a.HomeScreensTest") && !screens.includes("a.HomeTest"));
    }
}
