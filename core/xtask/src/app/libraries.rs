//! Fetches the pinned libraries of `android/app/libraries.txt` with Maven, and unpacks the Android ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use super::stage::{Inputs, files, stage};
use super::tools;
use crate::Outcome;

/// The list, in the workspace.
pub(crate) const LIST: &str = "android/app/libraries.txt";

/// The Maven goal that copies files without reading their dependencies.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

/// The versions of Gradle's build, in the workspace.
pub(crate) const CATALOG: &str = "android/gradle/libs.versions.toml";
/// What an Android library says to Gradle, and the names of both versions in the catalog.
const METADATA: &str = "META-INF/com/android/build/gradle/aar-metadata.properties";
const NEEDS: [(&str, &str); 2] =
    [("minCompileSdk=", "compileSdk"), ("minAndroidGradlePluginVersion=", "android-gradle-plugin")];

/// A section of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// What the app contains.
    App,
    /// What its tests need in addition.
    Test,
    /// Android's own classes.
    Framework,
    /// The Kotlin compiler.
    Compiler,
    /// Other tools.
    Tools,
}

impl Section {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "app" => Self::App,
            "test" => Self::Test,
            "framework" => Self::Framework,
            "compiler" => Self::Compiler,
            "tools" => Self::Tools,
            _ => return None,
        })
    }
}

/// One pinned file of a Maven repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Library {
    pub(crate) group: String,
    pub(crate) artifact: String,
    pub(crate) version: String,
    /// `jar` or `aar`.
    kind: String,
}

impl Library {
    /// Reads `group:artifact:version:type`.
    fn parsed(line: &str) -> Option<Self> {
        let [group, artifact, version, kind] = line.split(':').collect::<Vec<_>>().try_into().ok()?;
        let is_complete = [group, artifact, version].iter().all(|part| !part.is_empty());
        (is_complete && ["jar", "aar"].contains(&kind)).then(|| Self {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        })
    }

    fn is_android(&self) -> bool {
        self.kind == "aar"
    }

    /// The path of its file in the folder of all libraries.
    fn file(&self) -> PathBuf {
        Path::new(&self.group).join(format!("{}-{}.{}", self.artifact, self.version, self.kind))
    }
}

/// Reads the list.
///
/// # Errors
/// If a line is neither a library nor the name of a section.
pub(crate) fn parsed(list: &str) -> Outcome<BTreeMap<Section, Vec<Library>>> {
    let mut sections: BTreeMap<Section, Vec<Library>> = BTreeMap::new();
    let mut current = None;
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let wrong = || format!("{LIST}: `{line}` is not group:artifact:version:type, with the type jar or aar");
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let section = Section::named(name).ok_or_else(|| format!("{LIST}: [{name}] is not a known section"))?;
            current = Some(sections.entry(section).or_default());
        } else {
            let section = current.as_mut().ok_or_else(|| format!("{LIST}: put `{line}` into a section"))?;
            section.push(Library::parsed(line).ok_or_else(wrong)?);
        }
    }
    Ok(sections)
}

/// The libraries on this machine.
pub(crate) struct Libraries {
    folder: PathBuf,
    unpacked: PathBuf,
    sections: BTreeMap<Section, Vec<Library>>,
    /// The hash of the list.
    pub(crate) key: String,
}

impl Libraries {
    /// Fetches and unpacks the libraries that are missing.
    pub(crate) fn fetched(root: &Path, out: &Path) -> Outcome<Self> {
        let sections = parsed(&fs::read_to_string(root.join(LIST))?)?;
        let (folder, unpacked) = (out.join("libraries"), out.join("unpacked"));
        let pom = pom(&sections.values().flatten().collect(), &folder);
        let libraries = Self { folder, unpacked, sections, key: Inputs::new().text(&pom).key() };
        stage("libraries", &libraries.folder, &libraries.key, || {
            let file = out.join("libraries.pom.xml");
            fs::write(&file, &pom)?;
            copy(&file)?;
            libraries.all().filter(|library| library.is_android()).try_for_each(|library| libraries.unpack(library))
        })?;
        Ok(libraries)
    }

    fn all(&self) -> impl Iterator<Item = &Library> {
        self.sections.values().flatten()
    }

    fn of(&self, sections: &[Section]) -> impl Iterator<Item = &Library> {
        sections.iter().filter_map(|section| self.sections.get(section)).flatten()
    }

    /// Unpacks an Android library, unless it is already there. Moves it to its place when it is complete.
    fn unpack(&self, library: &Library) -> Outcome<()> {
        let folder = self.unpacked(library);
        if folder.exists() {
            return Ok(());
        }
        let part = folder.with_added_extension("part");
        tools::empty(&part)?;
        tools::unzip(&self.folder.join(library.file()), &part, &[])?;
        Ok(fs::rename(part, folder)?)
    }

    /// Returns which Android libraries need a newer Android SDK or Gradle plugin than Gradle's build has. Gradle would
    /// refuse them.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn needs(&self, root: &Path) -> Outcome<Vec<String>> {
        let catalog: toml::Table = fs::read_to_string(root.join(CATALOG))?.parse()?;
        let mut problems = Vec::new();
        for library in self.of(&[Section::App, Section::Test]).filter(|library| library.is_android()) {
            let file = self.unpacked(library).join(METADATA);
            let metadata = if file.exists() { fs::read_to_string(file)? } else { String::new() };
            for (need, name) in NEEDS {
                let Some(needed) = metadata.lines().find_map(|line| line.strip_prefix(need)) else { continue };
                let has = catalog["versions"].get(name).and_then(toml::Value::as_str).unwrap_or_default();
                if numbers(has) < numbers(needed) {
                    problems.push(format!("{CATALOG}: {} needs {name} {needed}, not {has}", library.artifact));
                }
            }
        }
        Ok(problems)
    }

    fn unpacked(&self, library: &Library) -> PathBuf {
        self.unpacked.join(format!("{}.{}-{}", library.group, library.artifact, library.version))
    }

    /// The unpacked Android libraries of these sections.
    pub(crate) fn android(&self, sections: &[Section]) -> Vec<PathBuf> {
        self.of(sections).filter(|library| library.is_android()).map(|library| self.unpacked(library)).collect()
    }

    /// The jars of these sections.
    pub(crate) fn jars(&self, sections: &[Section]) -> io::Result<Vec<PathBuf>> {
        let mut jars = Vec::new();
        for library in self.of(sections) {
            if library.is_android() {
                let folder = self.unpacked(library);
                jars.extend(Some(folder.join("classes.jar")).filter(|jar| jar.exists()));
                jars.extend(files(&folder.join("libs"))?);
            } else {
                jars.push(self.folder.join(library.file()));
            }
        }
        Ok(jars)
    }

    /// The jar with this artifact name, of the section.
    pub(crate) fn jar(&self, section: Section, artifact: &str) -> Outcome<PathBuf> {
        let found = self.of(&[section]).find(|library| library.artifact == artifact);
        let library = found.ok_or_else(|| format!("{LIST} has no {artifact} in the section {section:?}"))?;
        Ok(self.folder.join(library.file()))
    }

    /// The folder with Android itself, for Robolectric.
    pub(crate) fn frameworks(&self) -> PathBuf {
        self.folder.join("org.robolectric")
    }
}

/// The numbers of a version, to compare.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// Runs Maven's copy goal.
fn copy(pom: &Path) -> Outcome<()> {
    let mut maven = Command::new("mvn");
    let options = ["--batch-mode", "--no-transfer-progress", "--quiet", "--file"];
    maven.args(options).arg(pom).arg(COPY);
    tools::run_quietly(&mut maven).map_err(|error| {
        format!("{error}. If Maven did not find an androidx library, add Google's repository to Maven's settings")
            .into()
    })
}

/// Returns a Maven project that copies each library to a folder named after its group.
fn pom(libraries: &BTreeSet<&Library>, folder: &Path) -> String {
    let item = |Library { group, artifact, version, kind }: &Library| {
        format!(
            "<artifactItem><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
             <type>{kind}</type><outputDirectory>{}</outputDirectory></artifactItem>\n",
            folder.join(group).display()
        )
    };
    let items: String = libraries.iter().copied().map(item).collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\n\
         <groupId>org.fieldcast</groupId><artifactId>libraries</artifactId><version>1</version>\
         <packaging>pom</packaging>\n<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId>\
         <configuration><artifactItems>\n{items}</artifactItems></configuration></plugin></plugins></build></project>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_libraries_that_gradle_would_refuse() {
        let root = tempfile::tempdir().unwrap();
        let (catalog, unpacked) = (root.path().join(CATALOG), root.path().join("unpacked"));
        let sections = parsed("[app]\na.b:c:1.0:aar\n").unwrap();
        let libraries = Libraries { folder: PathBuf::new(), unpacked, sections, key: String::new() };
        let metadata = libraries.android(&[Section::App])[0].join(METADATA);
        fs::create_dir_all(metadata.parent().unwrap()).unwrap();
        fs::write(metadata, "minCompileSdk=37\nminAndroidGradlePluginVersion=9.1.0\n").unwrap();
        fs::create_dir_all(catalog.parent().unwrap()).unwrap();
        let problems = |sdk: &str, plugin: &str| {
            fs::write(&catalog, format!("[versions]\ncompileSdk = '{sdk}'\nandroid-gradle-plugin = '{plugin}'\n"))
                .unwrap();
            libraries.needs(root.path()).unwrap().len()
        };
        assert_eq!([problems("37", "9.10.0"), problems("36", "9.1.0"), problems("35", "8.11.0")], [0, 1, 2]);
    }

    #[test]
    fn reads_sections() {
        let sections = parsed("# a comment\n[app]\na.b:c:1.0:aar\n\n[test]\nd:e:2:jar\n").unwrap();
        let app = &sections[&Section::App][0];
        assert_eq!(app.file(), Path::new("a.b/c-1.0.aar"));
        assert_eq!(sections[&Section::Test].len(), 1);
    }

    #[test]
    fn rejects_unknown_lines() {
        for list in ["a:b:1:jar", "[app]\na:b:1", "[app]\na:b:1:zip", "[app]\na::1:jar", "[nothing]"] {
            assert!(parsed(list).is_err(), "{list}");
        }
    }

    #[test]
    fn lists_each_library_once_in_the_app() {
        let sections = parsed(&fs::read_to_string(crate::bindings::root().join(LIST)).unwrap()).unwrap();
        let mut seen = BTreeSet::new();
        for library in sections[&Section::App].iter().chain(&sections[&Section::Test]) {
            assert!(seen.insert((&library.group, &library.artifact, &library.kind)), "{library:?}");
        }
    }
}
