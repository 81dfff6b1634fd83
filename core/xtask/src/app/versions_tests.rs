//! Tests that both builds of the app and the SDK use the same versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::libraries::{self, CATALOG, LIST, Library, Section};
use super::{APPLICATION_ID, DEBUG, MIN_SDK, RELEASE, TARGET_SDK, TRAINING, resources, version_code};
use crate::bindings;

const POM: &str = "android/sdk/pom.xml";
const APP: &str = "android/app/build.gradle.kts";
const SDK: &str = "android/sdk/build.gradle.kts";
const FDROID: &str = "android/fdroid/metadata/org.fieldcast.app.yml";

fn file(path: &str) -> String {
    fs::read_to_string(bindings::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Libraries by `group:artifact`, with their versions.
type Versions = BTreeMap<String, String>;

/// The libraries of the catalog.
fn catalog(text: &str) -> Versions {
    let catalog: toml::Table = text.parse().unwrap();
    let libraries = catalog["libraries"].as_table().unwrap().values();
    let versions = libraries.map(|library| {
        let version = &library["version"];
        let version = version.get("ref").map_or(version, |name| &catalog["versions"][name.as_str().unwrap()]);
        (library["module"].as_str().unwrap().to_owned(), version.as_str().unwrap().to_owned())
    });
    versions.collect()
}

fn version(catalog: &str, name: &str) -> String {
    let catalog: toml::Table = catalog.parse().unwrap();
    catalog["versions"][name].as_str().unwrap().to_owned()
}

/// The pinned libraries of a section.
fn pinned(section: Section) -> Versions {
    let libraries = libraries::parsed(&file(LIST)).unwrap().remove(&section).unwrap();
    let entry = |Library { group, artifact, version, .. }| (format!("{group}:{artifact}"), version);
    libraries.into_iter().map(entry).collect()
}

/// The dependencies and plugins of the Maven project.
fn maven(pom: &str) -> Versions {
    let text = pom.replace("${kotlin.version}", &property(pom, "kotlin.version"));
    let mut versions = Versions::new();
    for tag in ["dependency", "plugin"] {
        for part in text.split(&format!("<{tag}>")).skip(1) {
            let name = format!("{}:{}", property(part, "groupId"), property(part, "artifactId"));
            versions.insert(name, property(part, "version"));
        }
    }
    versions
}

/// The text of the first element with this tag.
fn property(xml: &str, tag: &str) -> String {
    let found = xml.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once('<'));
    found.unwrap_or_else(|| panic!("there is no <{tag}>")).0.to_owned()
}

/// Multiplatform libraries have another artifact for each platform. Gradle finds it by itself.
const PLATFORMS: [&str; 3] = ["", "-android", "-jvm"];

/// Returns which libraries of Gradle's catalog have another version in the other build, or are not there.
fn differences(gradle: &Versions, others: &[&Versions]) -> Vec<String> {
    let mut problems = Vec::new();
    for (module, version) in gradle {
        let names = PLATFORMS.map(|platform| format!("{module}{platform}"));
        let found: Vec<_> = others.iter().flat_map(|other| names.iter().filter_map(|name| other.get(name))).collect();
        if found.is_empty() {
            problems.push(format!("{module} is only in Gradle's build"));
        }
        let differs = found.iter().filter(|other| **other != version);
        problems.extend(differs.map(|other| format!("{module}: {version} in Gradle's build, {other} in the other")));
    }
    problems
}

#[test]
fn both_builds_use_the_same_versions() {
    let [app, test, framework] = [Section::App, Section::Test, Section::Framework].map(pinned);
    let (mut gradle, pom) = (catalog(&file(CATALOG)), maven(&file(POM)));
    // The other build calls the compiler itself; `both_builds_use_the_same_kotlin` compares its version.
    gradle.remove("org.jetbrains.kotlin:kotlin-gradle-plugin");
    assert_eq!(differences(&gradle, &[&app, &test, &pom]), Vec::<String>::new());
    // Between the other two: what the SDK is tested with on the JVM, and what the app contains.
    assert_eq!(differences(&pom, &[&pom, &app, &test]), Vec::<String>::new());
    let android = "org.robolectric:android-all";
    assert_eq!(framework[android], pom[android]);
    assert!(gradle.len() > 10, "{gradle:?}");
}

#[test]
fn both_builds_use_the_same_kotlin() {
    let kotlin = version(&file(CATALOG), "kotlin");
    for (section, artifact) in [
        (Section::App, "kotlin-stdlib"),
        (Section::Compiler, "kotlin-compiler-embeddable"),
        (Section::Tools, "kotlin-compose-compiler-plugin-embeddable"),
    ] {
        assert_eq!(pinned(section)[&format!("org.jetbrains.kotlin:{artifact}")], kotlin, "{artifact}");
    }
    assert_eq!(property(&file(POM), "kotlin.version"), kotlin);
}

#[test]
fn both_builds_use_the_same_levels_of_android() {
    let catalog = file(CATALOG);
    assert_eq!(version(&catalog, "minSdk"), MIN_SDK.to_string());
    assert_eq!(version(&catalog, "targetSdk"), TARGET_SDK.to_string());
}

#[test]
fn gradle_takes_every_version_from_the_catalog() {
    for path in [APP, SDK, "android/settings.gradle.kts"] {
        let text = file(path);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            assert!(!is_pinned(line), "{path}: {line}");
        }
    }
}

#[test]
fn both_builds_give_the_app_the_same_ids() {
    let app = file(APP);
    assert!(app.contains(&format!("namespace = \"{APPLICATION_ID}\"")));
    assert!(app.contains(&format!("applicationId = \"{}\"", RELEASE.application_id())));
    let (others, training) = app.split_once("create(\"training\") {").unwrap();
    let training = training.split_once('}').unwrap().0;
    assert!(training.contains(&format!("applicationIdSuffix = \"{}\"", TRAINING.id_suffix)), "{training}");
    assert!(!others.contains("applicationIdSuffix") && DEBUG.id_suffix.is_empty());
}

#[test]
fn both_builds_give_the_app_the_same_names() {
    for (variant, folder) in [(RELEASE, "main"), (TRAINING, "training")] {
        let texts = file(&format!("android/app/src/{folder}/res/values/strings.xml"));
        let name = texts.lines().find(|line| line.contains("name=\"app_name\"")).unwrap();
        assert_eq!(name.split(['>', '<']).nth(2), Some(variant.label));
    }
}

#[test]
fn both_builds_offer_the_same_languages() {
    let app = file(APP);
    let list = app.split_once("localeFilters += listOf(").and_then(|(_, rest)| rest.split_once(')')).unwrap().0;
    let languages: BTreeSet<_> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(languages, resources::languages(&bindings::root()).unwrap());
}

/// Whether a line of a build file contains a dependency or a plugin with its version.
fn is_pinned(line: &str) -> bool {
    let quoted = line.split('"').skip(1).step_by(2);
    let has_version =
        |text: &str| text.split(':').nth(2).is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    let is_sdk = ["minSdk", "compileSdk", "targetSdk"].iter().any(|name| {
        line.trim_start().strip_prefix(name).is_some_and(|rest| rest.contains(|c: char| c.is_ascii_digit()))
    });
    quoted.into_iter().any(has_version) || line.contains("\") version ") || is_sdk
}

#[test]
fn recognises_differences() {
    let versions = |entries: &[(&str, &str)]| -> Versions {
        entries.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
    };
    let list = versions(&[("a:b-android", "1"), ("a:c", "2")]);
    assert!(differences(&versions(&[("a:b", "1"), ("a:c", "2")]), &[&list]).is_empty());
    for (name, version) in [("a:b", "2"), ("a:c", "1"), ("a:d", "1")] {
        assert_eq!(differences(&versions(&[(name, version)]), &[&list]).len(), 1, "{name}:{version}");
    }
    assert!(is_pinned("    implementation(\"a:b:1.0@aar\")") && is_pinned("    id(\"a.b\") version \"1\""));
    assert!(is_pinned("        minSdk = 26") && !is_pinned("    implementation(libs.jna)"));
}

#[test]
fn recipes_and_packages_have_the_workspaces_version() {
    let recipe = file(FDROID);
    let values = |name: &str| -> Vec<String> {
        let lines = recipe.lines().filter_map(|line| line.trim_start_matches([' ', '-']).split_once(": "));
        lines.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).collect()
    };
    let (code, name) = (version_code().to_string(), env!("CARGO_PKG_VERSION").to_owned());
    let keys =
        [("versionCode", &code), ("CurrentVersionCode", &code), ("versionName", &name), ("CurrentVersion", &name)];
    for (key, expected) in keys {
        assert_eq!(values(key).last(), Some(expected), "{key}");
    }
    assert_eq!(property(&file(POM), "version"), name);
    assert!(file(SDK).contains(&format!("version = \"{name}\"")));
}

#[test]
fn shows_the_engines_protocol_version() {
    let kotlin = file("android/app/src/main/kotlin/org/fieldcast/app/ui/trouble/Diagnostics.kt");
    assert!(kotlin.contains(&format!("const val PROTOCOL_VERSION = {}\n", fieldcast_wire::PROTOCOL)));
}
