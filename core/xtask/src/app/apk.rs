//! Packs the app for one architecture, signs it with a key for tests, and checks it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::libraries::Section;
use super::shrink::Shrink;
use super::stage::files;
use super::{Build, Variant, align, badging, resources, tools};
use crate::Outcome;

/// Android's name of the architecture.
const ABI: &str = "arm64-v8a";
/// The largest size, in bytes.
const MOST: u64 = 12_000_000;
const ENGINE: &str = "libfieldcast_ffi.so";
/// Builds the engine for Android, or prints why it cannot. In the workspace.
const BUILD_ENGINE: &str = ".ci/android-library";
const PASSWORD: &str = "pass:android";

/// Makes and checks the APK.
///
/// # Errors
/// If a step fails.
pub(super) fn made(build: &Build, variant: &Variant) -> Outcome {
    let (resources, app) = build.app(variant)?;
    let out = build.out.join(variant.name);
    let Build { root, libraries, sdk, .. } = build;
    let dex = Shrink { root, libraries, resources: &resources, modules: [&app, sdk] }.run(&out)?;
    let content = out.join("content");
    fill(build, &dex, &content)?;
    let apk = out.join(format!("fieldcast-{}-{}-{ABI}.apk", env!("CARGO_PKG_VERSION"), variant.name));
    pack(&resources.archive, &content, &apk)?;
    sign(&build.out.join("test.keystore"), &apk)?;
    let languages = resources::languages(root)?;
    let mut problems = badging::read(&apk)?.problems(variant, &languages, ABI);
    let size = fs::metadata(&apk)?.len();
    if size > MOST {
        problems.push(format!("the APK has {size} bytes, more than {MOST}"));
    }
    report(build, &apk, &content)?;
    Ok(crate::listed(&problems))
}

/// Copies everything but the resources to a folder.
fn fill(build: &Build, dex: &Path, content: &Path) -> Outcome<()> {
    tools::empty(content)?;
    // Of the files beside the classes, Android needs only the names of services: the others are for tools.
    let is_needed = |file: &&PathBuf| is_dex(file) || file.starts_with(dex.join("META-INF/services"));
    for file in files(dex)?.iter().filter(is_needed) {
        copy(file, &content.join(file.strip_prefix(dex)?))?;
    }
    let native = content.join("lib").join(ABI);
    for library in build.libraries.android(&[Section::App]) {
        for file in files(&library.join("jni").join(ABI))? {
            copy(&file, &native.join(file.file_name().unwrap_or_default()))?;
        }
    }
    copy(&engine(&build.root)?, &native.join(ENGINE))
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(from, to)?;
    Ok(())
}

/// The engine for phones, built from the present sources.
///
/// # Errors
/// If it cannot be built here.
fn engine(root: &Path) -> Outcome<PathBuf> {
    let output = Command::new(root.join(BUILD_ENGINE)).arg(ABI).current_dir(root).output();
    let output = output.map_err(|error| format!("cannot start {BUILD_ENGINE}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{BUILD_ENGINE} failed: {}\n{text}{errors}", output.status).into());
    }
    let library = root.join("target/android-library").join(ABI).join(ENGINE);
    if let Some(reason) = text.lines().find_map(|line| line.strip_prefix("SKIPPED: ")) {
        return Err(format!("an APK without the engine is of no use, and the engine was not built: {reason}").into());
    }
    Ok(library)
}

/// Adds the content to the archive with the resources, and aligns it. Native libraries stay uncompressed, because a phone
/// maps them from the APK.
fn pack(resources: &Path, content: &Path, apk: &Path) -> Outcome<()> {
    let archive = apk.with_extension("zip");
    fs::copy(resources, &archive)?;
    for (options, is_native) in [("--update", false), ("--update --no-compress", true)] {
        let mut jar = Command::new("jar");
        jar.args(options.split(' ')).arg("--no-manifest").arg("--file").arg(&archive);
        for file in files(content)?.iter().filter(|file| file.starts_with(content.join("lib")) == is_native) {
            jar.arg("-C").arg(content).arg(file.strip_prefix(content)?);
        }
        tools::run(&mut jar)?;
    }
    fs::write(apk, align::aligned(&fs::read(&archive)?)?)?;
    fs::remove_file(archive)?;
    Ok(())
}

/// Signs with a key that is made once on this machine, and checks the signature and the alignment.
fn sign(keystore: &Path, apk: &Path) -> Outcome<()> {
    if !keystore.exists() {
        let mut keytool = Command::new("keytool");
        keytool.args(["-genkeypair", "-alias", "test", "-dname", "CN=Fieldcast tests", "-keyalg", "RSA"]);
        keytool.args(["-keysize", "2048", "-validity", "10000", "-storepass", "android", "-keypass", "android"]);
        tools::run_quietly(keytool.arg("-keystore").arg(keystore))?;
    }
    let mut signer = Command::new("apksigner");
    signer.args(["sign", "--ks-pass", PASSWORD, "--v1-signing-enabled", "false", "--v2-signing-enabled", "true"]);
    tools::run_quietly(signer.arg("--ks").arg(keystore).arg(apk))?;
    let verified = Command::new("apksigner").args(["verify", "--verbose"]).arg(apk).output()?;
    let text = String::from_utf8_lossy(&verified.stdout);
    if !verified.status.success() || !text.contains("(APK Signature Scheme v2): true") {
        return Err(format!("the APK is not signed: {text}{}", String::from_utf8_lossy(&verified.stderr)).into());
    }
    tools::run_quietly(Command::new("zipalign").args(["-c", "-p", "4"]).arg(apk))?;
    if !align::is_aligned(&fs::read(apk)?)? {
        return Err("the signed APK is not aligned to pages of 16 KiB".into());
    }
    Ok(())
}

/// Prints one line per figure.
fn report(build: &Build, apk: &Path, content: &Path) -> Outcome<()> {
    let size = |file: &Path| fs::metadata(file).map(|file| file.len());
    println!("{}: {} bytes", apk.strip_prefix(&build.root)?.display(), size(apk)?);
    for file in files(content)? {
        let note = if is_dex(&file) { " before compression" } else { "" };
        println!("  {}: {} bytes{note}", file.strip_prefix(content)?.display(), size(&file)?);
    }
    let joined = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(" ");
    println!("  offered languages: {}", joined(resources::languages(&build.root)?));
    println!("  translations: {}", joined(resources::translations(&build.root)?));
    Ok(())
}

fn is_dex(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "dex")
}
