//! Merges the app's manifest with those of its libraries.

use std::path::Path;
use std::{fs, mem};

use super::xml::{self, Element};
use super::{APPLICATION_ID, MIN_SDK, TARGET_SDK};
use crate::Outcome;

const NAME: &str = "android:name";
/// An instruction for the merge. Only `remove` is known: an element of a library that the app does not want.
const NODE: &str = "tools:node";

/// Merges manifests, the most important first, to that of the app with this id, and returns the text of the result.
///
/// # Errors
/// If a manifest cannot be read.
pub(crate) fn merged<'a>(application_id: &str, manifests: impl IntoIterator<Item = &'a Path>) -> Outcome<String> {
    let mut all = root(application_id);
    for path in manifests {
        let text = fs::read_to_string(path)?.replace("${applicationId}", application_id);
        let manifest = xml::parsed(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        add(&mut all, manifest);
    }
    clean(&mut all);
    complete_application(&mut all);
    Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{all}"))
}

/// The root, with what Gradle takes from the build file.
fn root(application_id: &str) -> Element {
    let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sdk = Element {
        tag: "uses-sdk".to_owned(),
        attributes: vec![
            attribute("android:minSdkVersion", &MIN_SDK.to_string()),
            attribute("android:targetSdkVersion", &TARGET_SDK.to_string()),
        ],
        children: Vec::new(),
    };
    Element {
        tag: "manifest".to_owned(),
        attributes: vec![
            attribute("xmlns:android", "http://schemas.android.com/apk/res/android"),
            attribute("package", application_id),
        ],
        children: vec![sdk],
    }
}

/// Adds what Gradle adds: the phone maps native libraries from the APK, so it does not copy them.
fn complete_application(all: &mut Element) {
    for application in all.children.iter_mut().filter(|child| child.tag == "application") {
        application.attributes.push(("android:extractNativeLibs".to_owned(), "false".to_owned()));
    }
}

/// Adds a manifest's elements.
fn add(all: &mut Element, mut manifest: Element) {
    let package = manifest.attribute("package").unwrap_or(APPLICATION_ID).to_owned();
    complete_names(&mut manifest, &package);
    manifest.attributes.clear();
    manifest.children.retain(|child| child.tag != "uses-sdk");
    merge(all, manifest);
}

/// Completes class names that start with a dot, which are relative to the manifest's own package.
fn complete_names(element: &mut Element, package: &str) {
    for (_, value) in element.attributes.iter_mut().filter(|(name, value)| name == NAME && value.starts_with('.')) {
        value.insert_str(0, package);
    }
    element.children.iter_mut().for_each(|child| complete_names(child, package));
}

/// Adds attributes that are not yet there, and children. Existing values win.
fn merge(into: &mut Element, from: Element) {
    for (name, value) in from.attributes {
        if into.attribute(&name).is_none() {
            into.attributes.push((name, value));
        }
    }
    for child in from.children {
        match into.children.iter_mut().find(|other| is_same(other, &child)) {
            Some(same) => merge(same, child),
            None => into.children.push(child),
        }
    }
}

/// Elements of which a manifest has only one. Their name is not what they declare: an application's is a class.
const SINGLE: [&str; 2] = ["application", "queries"];

/// Returns whether two elements declare the same thing.
fn is_same(one: &Element, other: &Element) -> bool {
    let is_named = one.attribute(NAME).is_some() && one.attribute(NAME) == other.attribute(NAME);
    one == other || (one.tag == other.tag && (is_named || SINGLE.contains(&one.tag.as_str())))
}

/// Removes the elements that the app does not want, and the instructions for the merge.
fn clean(element: &mut Element) {
    element.attributes.retain(|(name, _)| !name.starts_with("tools:"));
    for mut child in mem::take(&mut element.children) {
        if child.attribute(NODE) != Some("remove") {
            clean(&mut child);
            element.children.push(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged_texts(texts: &[&str]) -> Element {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..texts.len()).map(|number| folder.path().join(number.to_string())).collect();
        paths.iter().zip(texts).for_each(|(path, text)| fs::write(path, text).unwrap());
        xml::parsed(&merged("org.fieldcast.app.trial", paths.iter().map(|path| path.as_path())).unwrap()).unwrap()
    }

    fn child<'a>(element: &'a Element, tag: &str) -> &'a Element {
        element.children.iter().find(|child| child.tag == tag).unwrap()
    }

    #[test]
    fn adds_entries_of_libraries_to_the_apps() {
        let app = "<manifest><application><activity android:name='.Main'/></application></manifest>";
        let library = "<manifest package='a.b'><uses-sdk/><uses-permission android:name='p'/><application>\
            <provider android:name='.P' android:authorities='${applicationId}.x'><meta-data android:name='1'/></provider>\
            </application></manifest>";
        let other = "<manifest package='c'><uses-permission android:name='p'/><application>\
            <provider android:name='a.b.P'><meta-data android:name='2'/></provider></application></manifest>";
        let all = merged_texts(&[app, library, other]);
        let application = child(&all, "application");
        assert_eq!(application.children[0].attribute(NAME), Some("org.fieldcast.app.Main"));
        let provider = child(application, "provider");
        assert_eq!(all.attribute("package"), Some("org.fieldcast.app.trial"));
        assert_eq!(provider.attribute("android:authorities"), Some("org.fieldcast.app.trial.x"));
        assert_eq!(provider.children.len(), 2);
        assert_eq!(all.children.iter().filter(|child| child.tag == "uses-permission").count(), 1);
        assert_eq!(child(&all, "uses-sdk").attribute("android:minSdkVersion"), Some("26"));
    }

    #[test]
    fn keeps_one_application_whatever_its_class() {
        let app = "<manifest><application android:name='.App'/></manifest>";
        let unnamed = "<manifest package='a'><application android:icon='i'/></manifest>";
        let named = "<manifest package='b'><application android:name='.Other'><activity android:name='.B'/></application>\
            </manifest>";
        let all = merged_texts(&[app, unnamed, named]);
        assert_eq!(all.children.iter().filter(|child| child.tag == "application").count(), 1);
        let application = child(&all, "application");
        assert_eq!(application.attribute(NAME), Some("org.fieldcast.app.App"));
        assert_eq!(application.attribute("android:icon"), Some("i"));
        assert_eq!(child(application, "activity").attribute(NAME), Some("b.B"));
    }

    #[test]
    fn prefers_the_apps_values_and_removals() {
        let app = "<manifest><application android:label='ours'>\
            <activity android:name='a.B' tools:node='remove'/></application></manifest>";
        let library = "<manifest package='a'><application android:label='theirs' android:icon='i'>\
            <activity android:name='.B'><intent-filter/></activity></application></manifest>";
        let all = merged_texts(&[app, library]);
        let application = child(&all, "application");
        assert_eq!(application.attribute("android:label"), Some("ours"));
        assert_eq!(application.attribute("android:icon"), Some("i"));
        assert!(application.children.is_empty());
    }
}
