//! Compiles the resources of the app and its libraries, links them, and compiles the classes with their ids.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use super::libraries::{Libraries, Section};
use super::stage::{Inputs, files, stage};
use super::{APPLICATION_ID, MIN_SDK, TARGET_SDK, Variant, arsc, manifest, tools, version_code, xml};
use crate::Outcome;

/// The framework's resource table, in its jar and in the archive that aapt2 reads.
const TABLE: &str = "resources.arsc";

/// The linked resources of a variant.
pub(crate) struct Resources {
    /// The archive with the binary manifest, the resources and the assets.
    pub(crate) archive: PathBuf,
    /// The merged manifest.
    pub(crate) manifest: PathBuf,
    pub(crate) assets: PathBuf,
    /// The classes `R` of the app and its libraries.
    pub(crate) classes: PathBuf,
    /// R8's rules for the classes that the manifest and the resources name.
    pub(crate) rules: PathBuf,
    pub(crate) key: String,
}

/// Compiles and links the resources of a variant, if they have changed.
pub(crate) fn linked(root: &Path, out: &Path, variant: &Variant, libraries: &Libraries) -> Outcome<Resources> {
    let framework = framework(out, libraries)?;
    let compiled = compiled_libraries(out, libraries)?;
    let app = root.join("android/app/src");
    let mut sources: Vec<_> = ["main", variant.name].iter().map(|name| app.join(name)).collect();
    if variant.is_rehearsal {
        sources.push(out.to_owned()); // `assets`, with the practice data
    }
    let folder = out.join(variant.name);
    let resources = Resources {
        archive: folder.join("resources.apk"),
        manifest: folder.join("AndroidManifest.xml"),
        assets: folder.join("assets"),
        classes: folder.join("r-classes"),
        rules: folder.join("resources.pro"),
        key: key(root, &sources, variant, libraries)?,
    };
    fs::create_dir_all(&folder)?;
    stage(&format!("{} resources", variant.name), &resources.archive, &resources.key, || {
        let manifests = manifests(root, &sources, &libraries.android(variant.sections));
        fs::write(
            &resources.manifest,
            manifest::merged(&variant.application_id(), manifests.iter().map(PathBuf::as_path))?,
        )?;
        merge_assets(&sources, &resources.assets)?;
        let mut archives = library_archives(&compiled, &libraries.android(variant.sections));
        archives.extend(compiled_sources(&sources, &folder)?);
        let java = folder.join("r-sources");
        tools::empty(&java)?;
        let packages = packages(&libraries.android(variant.sections))?;
        let is_tested = variant.sections.contains(&Section::Test);
        let languages = if is_tested { BTreeSet::new() } else { languages(root)? };
        link(&resources, &framework, &archives, &packages, &languages, &java)?;
        compile(&java, &resources.classes)
    })?;
    Ok(resources)
}

/// The key of everything that is read: the sources' manifests, resources and assets, the SDK's manifest, the libraries.
fn key(root: &Path, sources: &[PathBuf], variant: &Variant, libraries: &Libraries) -> io::Result<String> {
    let mut inputs = Inputs::new().text(&libraries.key).text(&format!("{:?}", variant.sections));
    inputs = inputs.text(&variant.application_id());
    inputs = inputs.text(env!("CARGO_PKG_VERSION")).path(&root.join(SDK_MANIFEST))?;
    for source in sources {
        inputs = inputs.paths(&["AndroidManifest.xml", "res", "assets"].map(|name| source.join(name)))?;
    }
    Ok(inputs.key())
}

const SDK_MANIFEST: &str = "android/sdk/src/main/AndroidManifest.xml";

/// The manifests, the most important first.
fn manifests(root: &Path, sources: &[PathBuf], libraries: &[PathBuf]) -> Vec<PathBuf> {
    let own = sources.iter().rev().map(|source| source.join("AndroidManifest.xml"));
    let others = libraries.iter().map(|library| library.join("AndroidManifest.xml"));
    own.chain([root.join(SDK_MANIFEST)]).chain(others).filter(|path| path.exists()).collect()
}

/// Returns an archive with Android's own resource table, which aapt2 can read.
fn framework(out: &Path, libraries: &Libraries) -> Outcome<PathBuf> {
    let archive = out.join("framework.apk");
    stage("framework", &archive, &libraries.key, || {
        let folder = out.join("framework");
        tools::empty(&folder)?;
        tools::unzip(&libraries.jar(Section::Framework, "android-all")?, &folder, &[TABLE])?;
        let table = folder.join(TABLE);
        fs::write(&table, arsc::widened(&fs::read(&table)?)?)?;
        let mut jar = Command::new("jar");
        jar.args(["--create", "--no-manifest", "--no-compress", "--file"]).arg(&archive).arg(TABLE);
        tools::run(jar.current_dir(&folder))
    })?;
    Ok(archive)
}

/// Compiles the resources of every Android library, and returns the folder of the results.
fn compiled_libraries(out: &Path, libraries: &Libraries) -> Outcome<PathBuf> {
    let folder = out.join("library-resources");
    stage("library resources", &folder, &libraries.key, || {
        fs::create_dir_all(&folder)?;
        for library in libraries.android(&[Section::App, Section::Test]) {
            let (source, archive) = (library.join("res"), library_archive(&folder, &library));
            if !archive.exists() && !files(&source)?.is_empty() {
                let part = archive.with_extension("part.zip");
                compile_folder(&source, &part)?;
                fs::rename(part, archive)?;
            }
        }
        Ok(())
    })?;
    Ok(folder)
}

fn library_archives(compiled: &Path, libraries: &[PathBuf]) -> Vec<PathBuf> {
    let archives = libraries.iter().map(|library| library_archive(compiled, library));
    archives.filter(|archive| archive.exists()).collect()
}

/// The file with the compiled resources of an unpacked library.
fn library_archive(folder: &Path, library: &Path) -> PathBuf {
    folder.join(library.file_name().unwrap_or_default()).with_added_extension("zip")
}

/// Compiles the resources of the app's own source folders.
fn compiled_sources(sources: &[PathBuf], folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut archives = Vec::new();
    for source in sources.iter().filter(|source| source.join("res").exists()) {
        let archive = folder.join("compiled").join(source.file_name().unwrap_or_default()).with_added_extension("zip");
        fs::create_dir_all(folder.join("compiled"))?;
        compile_folder(&source.join("res"), &archive)?;
        archives.push(archive);
    }
    Ok(archives)
}

fn compile_folder(source: &Path, archive: &Path) -> Outcome<()> {
    tools::run_quietly(Command::new("aapt2").args(["compile", "--dir"]).arg(source).arg("-o").arg(archive))
}

/// Copies the assets to one folder. The later source wins.
fn merge_assets(sources: &[PathBuf], target: &Path) -> Outcome<()> {
    tools::empty(target)?;
    for source in sources.iter().map(|source| source.join("assets")) {
        for file in files(&source)? {
            let copy = target.join(file.strip_prefix(&source)?);
            fs::create_dir_all(copy.parent().unwrap_or(target))?;
            fs::copy(file, copy)?;
        }
    }
    Ok(())
}

/// The packages of the libraries that use resources. Each needs a class `R`.
fn packages(libraries: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut packages = Vec::new();
    for library in libraries {
        if fs::metadata(library.join("R.txt")).is_ok_and(|file| file.len() > 0) {
            let manifest = xml::parsed(&fs::read_to_string(library.join("AndroidManifest.xml"))?)?;
            packages.extend(manifest.attribute("package").map(str::to_owned));
        }
    }
    packages.sort();
    packages.dedup();
    Ok(packages)
}

/// The languages that the app offers. Its libraries have texts in more.
pub(crate) fn languages(root: &Path) -> Outcome<BTreeSet<String>> {
    let list = xml::parsed(&fs::read_to_string(root.join("android/app/src/main/res/xml/locales.xml"))?)?;
    let names = list.children.iter().filter_map(|locale| locale.attribute("android:name"));
    Ok(names.map(|name| name.split('-').next().unwrap_or(name).to_owned()).collect())
}

/// The languages beside English in which the app has texts.
pub(crate) fn translations(root: &Path) -> io::Result<BTreeSet<String>> {
    let folders = fs::read_dir(root.join("android/app/src/main/res"))?;
    let names = folders.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    Ok(names.iter().filter_map(|name| translation(name)).map(str::to_owned).collect())
}

/// The language of `values-pt` or `values-pt-rBR`. Other qualifiers have more or fewer than two letters.
fn translation(folder: &str) -> Option<&str> {
    let language = folder.strip_prefix("values-")?.split('-').next()?;
    Some(language).filter(|language| language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn link(
    made: &Resources,
    framework: &Path,
    archives: &[PathBuf],
    packages: &[String],
    languages: &BTreeSet<String>,
    java: &Path,
) -> Outcome<()> {
    let mut aapt2 = Command::new("aapt2");
    // An aapt2 older than Android 11 does not know `<queries>`, but keeps it.
    aapt2
        .args(["link", "--warn-manifest-validation", "--auto-add-overlay", "-I"])
        .arg(framework)
        .arg("--manifest")
        .arg(&made.manifest);
    aapt2.args(["--min-sdk-version", &MIN_SDK.to_string(), "--target-sdk-version", &TARGET_SDK.to_string()]);
    aapt2.args(["--version-code", &version_code().to_string(), "--version-name", env!("CARGO_PKG_VERSION")]);
    aapt2.args(["--custom-package", APPLICATION_ID, "--extra-packages", &packages.join(":")]);
    for language in languages {
        aapt2.args(["-c", language]);
    }
    aapt2.arg("--proguard").arg(&made.rules);
    aapt2.arg("-A").arg(&made.assets).arg("--java").arg(java).arg("-o").arg(&made.archive);
    archives.iter().for_each(|archive| _ = aapt2.arg("-R").arg(archive));
    tools::run_quietly(&mut aapt2)
}

/// Compiles the classes `R`.
fn compile(sources: &Path, classes: &Path) -> Outcome<()> {
    tools::empty(classes)?;
    let mut javac = Command::new("javac");
    javac.args(["-nowarn", "--release", "17", "-d"]).arg(classes).args(files(sources)?);
    tools::run(&mut javac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_languages_from_other_qualifiers() {
        let folders =
            ["values-pt", "values-sw", "values-pt-rBR", "values", "values-night", "values-sw600dp", "values-v31"];
        let found: Vec<_> = folders.into_iter().filter_map(translation).collect();
        assert_eq!(found, ["pt", "sw", "pt"]);
    }
}
