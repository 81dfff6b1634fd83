//! Runs R8, which removes what the release does not use and converts the rest for phones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::compile::Compiled;
use super::libraries::{Libraries, Section};
use super::resources::Resources;
use super::stage::{Inputs, files, stage};
use super::{APPLICATION_ID, MIN_SDK, tools};
use crate::Outcome;

const R8: &str = "com.android.tools.r8.R8";
/// The rules of the SDK and of the app, for R8 here and in Gradle.
const RULES: [&str; 2] = ["android/sdk/consumer-rules.pro", "android/app/proguard-rules.pro"];
/// Packages whose classes, fields and methods JNA and the engine find by name.
const BY_NAME: [&str; 2] = ["com.sun.jna.", "org.fieldcast.sdk.core."];
/// The most significant one of each package. The check would be worthless if R8 did not see these.
const SEEN: [&str; 2] = ["com.sun.jna.Structure", "org.fieldcast.sdk.core.RustBuffer"];

/// What R8 reads.
pub(crate) struct Shrink<'a> {
    pub(crate) root: &'a Path,
    pub(crate) libraries: &'a Libraries,
    pub(crate) resources: &'a Resources,
    pub(crate) modules: [&'a Compiled; 2],
}

impl Shrink<'_> {
    /// Writes `classes.dex` to a folder, and returns the folder.
    ///
    /// # Errors
    /// If R8 fails, or removes or renames what is found by name.
    pub(crate) fn run(&self, out: &Path) -> Outcome<PathBuf> {
        let folder = out.join("dex");
        stage("classes for phones", &folder, &self.key()?, || {
            tools::empty(&folder)?;
            let (mapping, usage) = (out.join("mapping.txt"), out.join("removed.txt"));
            let rules = out.join("rules.pro");
            fs::write(&rules, format!("-printusage {}\n{}", usage.display(), self.library_rules()?))?;
            let arguments = self.arguments(&folder, &mapping, &rules)?;
            let file = out.join("r8.arguments");
            fs::write(&file, arguments)?;
            let mut java = tools::java(&[self.libraries.jar(Section::Tools, "r8")?])?;
            tools::run_quietly(java.arg(R8).arg(format!("@{}", file.display())))?;
            let problems = problems(&fs::read_to_string(mapping)?, &fs::read_to_string(usage)?);
            if problems.is_empty() {
                return Ok(());
            }
            let first = problems.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("; ");
            Err(format!("{} needs a rule for {} names: {first} ...", RULES[0], problems.len()).into())
        })?;
        Ok(folder)
    }

    fn key(&self) -> io::Result<String> {
        let mut inputs = Inputs::new().text(&self.libraries.key).text(&self.resources.key);
        inputs = inputs.paths(&RULES.map(|path| self.root.join(path)))?;
        Ok(self.modules.iter().fold(inputs, |inputs, module| inputs.text(&module.key)).key())
    }

    /// The rules of the Android libraries. R8 finds those of other libraries itself.
    fn library_rules(&self) -> io::Result<String> {
        let files = self.libraries.android(&[Section::App]).into_iter().map(|folder| folder.join("proguard.txt"));
        files.filter(|file| file.exists()).map(|file| Ok(fs::read_to_string(file)? + "\n")).collect()
    }

    /// One argument per line.
    fn arguments(&self, folder: &Path, mapping: &Path, rules: &Path) -> Outcome<String> {
        let mut lines: Vec<String> = vec!["--release".into(), "--min-api".into(), MIN_SDK.to_string()];
        let mut option = |name: &str, path: &Path| lines.extend([name.to_owned(), path.display().to_string()]);
        option("--output", folder);
        option("--pg-map-output", mapping);
        option("--pg-conf", rules);
        option("--pg-conf", &self.resources.rules);
        RULES.iter().for_each(|path| option("--pg-conf", &self.root.join(path)));
        option("--lib", &self.libraries.jar(Section::Framework, "android-all")?);
        // android-all has few of Java's own classes.
        option("--lib", &tools::java_home()?);
        let folders = self.modules.iter().map(|module| &module.classes).chain([&self.resources.classes]);
        for folder in folders {
            let classes = files(folder)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "class"));
            lines.extend(classes.map(|file| file.display().to_string()));
        }
        lines.extend(self.libraries.jars(&[Section::App])?.iter().map(|jar| jar.display().to_string()));
        Ok(lines.join("\n"))
    }
}

/// Returns which classes and members found by name R8 has renamed, according to its mapping, or removed, according to its
/// list (`a.Removed`, or `a.Kept:` and indented removed members).
fn problems(mapping: &str, removed: &str) -> Vec<String> {
    let (seen, mut problems) = renamed(mapping);
    problems.extend(SEEN.iter().filter(|class| !seen.contains(*class)).map(|class| format!("{class} is not there")));
    let mut kept = None;
    for line in removed.lines() {
        if let Some(member) = line.strip_prefix(' ') {
            // Android restores a saved enum of the app by this method.
            if member.contains(&format!("{APPLICATION_ID}.")) && member.ends_with("[] values()") {
                problems.push(format!("an enum has no {}", member.trim()));
            }
            let class = kept.filter(|_| !is_unnamed(member));
            problems.extend(class.map(|class| format!("{class} has no {}", member.trim())));
        } else if let Some(class) = line.strip_suffix(':') {
            kept = Some(class).filter(|class| is_by_name(class));
        } else if is_by_name(line) {
            problems.push(format!("{line} is removed"));
        }
    }
    problems
}

/// Returns the classes found by name, and the renamed ones and their renamed fields. The mapping has `old.Name -> new.Name:`,
/// then notes and indented members. Fields have no parentheses. Methods are left out, because inlined ones look renamed.
fn renamed(mapping: &str) -> (BTreeSet<&str>, Vec<String>) {
    let (mut seen, mut renamed, mut class) = (BTreeSet::new(), Vec::new(), None);
    let mut lines = mapping.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((old, new)) = line.trim_start().split_once(" -> ") else { continue };
        if let Some(new) = new.strip_suffix(':') {
            // R8 adds classes of its own, for lambdas. A note says so.
            let mut notes = std::iter::from_fn(|| lines.next_if(|line| line.starts_with('#')));
            class = Some(old).filter(|old| is_by_name(old) && !notes.any(|note| note.contains("r8.synthesized")));
            seen.extend(class);
            renamed.extend(class.filter(|old| *old != new).map(|old| format!("{old} is renamed")));
        } else if let (Some(class), Some(old)) = (class, old.rsplit(' ').next().filter(|_| !old.contains('('))) {
            let is_renamed = old != new && !is_unnamed(old);
            renamed.extend(is_renamed.then(|| format!("{class}.{old} is renamed")));
        }
    }
    (seen, renamed)
}

fn is_by_name(class: &str) -> bool {
    BY_NAME.iter().any(|package| class.starts_with(package))
}

/// Whether a member cannot be found by name: static initialisers, and what compilers add.
fn is_unnamed(member: &str) -> bool {
    ["<clinit>", "$r8$", " synthetic "].iter().any(|part| member.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = "# compiler: R8\n\
        com.sun.jna.Structure -> com.sun.jna.Structure:\n\
        # {\"id\":\"sourceFile\"}\n    \
        1:9:void <clinit>():0:0 -> <clinit>\n\
        org.fieldcast.sdk.core.RustBuffer -> org.fieldcast.sdk.core.RustBuffer:\n    \
        byte[] copy(int) -> copy\n    \
        1:1:void inlined(int):3:3 -> copy\n\
        org.fieldcast.app.A -> a.b:\n    \
        int field -> c\n\
        com.sun.jna.Structure$4 -> d:\n\
        # {\"id\":\"sourceFile\"}\n\
        # {\"id\":\"com.android.tools.r8.synthesized\"}\n    \
        byte Structure$4.$r8$classId -> e\n";

    const REMOVED: &str = "kotlin.Unused\n\
        com.sun.jna.Pointer:\n    \
        static void <clinit>()\n\
        org.fieldcast.app.A:\n    \
        void removed()\n";

    #[test]
    fn accepts_changes_of_other_names() {
        assert_eq!(problems(MAPPING, REMOVED), Vec::<String>::new());
    }

    #[test]
    fn reports_names_that_are_gone() {
        for (from, to) in [
            ("RustBuffer -> org.fieldcast.sdk.core.RustBuffer:", "RustBuffer -> a.c:"),
            ("org.fieldcast.sdk.core.RustBuffer -> org.fieldcast.sdk.core.RustBuffer:", "b.D -> b.D:"),
            ("    byte[] copy(int)", "    long capacity -> a\n    byte[] copy(int)"),
            ("r8.synthesized", "other"),
        ] {
            assert_eq!(problems(&MAPPING.replace(from, to), REMOVED).len(), 1, "{to}");
        }
        for (from, to) in [
            ("kotlin.Unused", "org.fieldcast.sdk.core.EventListener"),
            ("static void <clinit>()", "void read()"),
            ("org.fieldcast.app.A:", "org.fieldcast.sdk.core.EventListener:"),
            ("void removed()", "public static org.fieldcast.app.A[] values()"),
        ] {
            assert_eq!(problems(MAPPING, &REMOVED.replace(from, to)).len(), 1, "{to}");
        }
    }
}
