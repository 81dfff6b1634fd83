//! The tools that the build runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::Outcome;

/// A program that the machine must have.
pub(crate) struct Tool {
    name: &'static str,
    package: &'static str,
}

pub(crate) const JAVAC: Tool = Tool { name: "javac", package: "default-jdk-headless" };
pub(crate) const MAVEN: Tool = Tool { name: "mvn", package: "maven" };
pub(crate) const AAPT2: Tool = Tool { name: "aapt2", package: "aapt" };
pub(crate) const ZIPALIGN: Tool = Tool { name: "zipalign", package: "zipalign" };
pub(crate) const APKSIGNER: Tool = Tool { name: "apksigner", package: "apksigner" };

/// Returns whether the machine has these tools. Prints a message if one is missing.
///
/// # Errors
/// If a tool is missing in CI.
pub(crate) fn installed(stage: &str, tools: &[Tool]) -> Outcome<bool> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_missing = |tool: &&Tool| !env::split_paths(&path).any(|folder| folder.join(tool.name).is_file());
    let Some(Tool { name, package }) = tools.iter().find(is_missing) else { return Ok(true) };
    let advice = format!("{stage}: {name} is not installed: run `apt-get install {package}`");
    if env::var_os("CI").is_some_and(|value| value == "true") {
        return Err(advice.into());
    }
    println!("SKIPPED: {advice}");
    Ok(false)
}

/// Runs a command.
///
/// # Errors
/// If it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("cannot start {name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed: {status}").into()) }
}

/// Runs a command, and prints its output only if it fails.
///
/// # Errors
/// If it cannot be started or fails.
pub(crate) fn run_quietly(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot start {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{name} failed: {}", output.status).into())
}

/// Makes an empty folder.
pub(crate) fn empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

/// The virtual machine's options for programs that run for less than a minute: without the optimising compiler, they
/// need half the time.
const SHORT_RUN: [&str; 3] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=256m"];

/// Returns Java with this class path.
pub(crate) fn java(class_path: &[PathBuf]) -> Outcome<Command> {
    let mut java = Command::new("java");
    java.args(SHORT_RUN).args(["-Xmx2g", "-cp"]).arg(self::class_path(class_path)?);
    Ok(java)
}

/// The folder of the JDK, with Java's own classes.
pub(crate) fn java_home() -> Outcome<PathBuf> {
    let javac = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .find_map(|folder| folder.join(JAVAC.name).canonicalize().ok());
    let home = javac.as_deref().and_then(Path::parent).and_then(Path::parent);
    Ok(home.ok_or("there is no javac on the PATH")?.to_owned())
}

/// Unpacks these files of an archive, or all, into a folder.
pub(crate) fn unzip(archive: &Path, folder: &Path, files: &[&str]) -> Outcome<()> {
    let mut jar = Command::new("jar");
    jar.args(SHORT_RUN.map(|option| format!("-J{option}"))).args(["--extract", "--file"]).arg(archive).args(files);
    run(jar.current_dir(folder))
}

/// Joins paths for a Java class path.
pub(crate) fn class_path(paths: &[PathBuf]) -> Outcome<OsString> {
    Ok(env::join_paths(paths)?)
}

/// Writes the arguments of a Java tool to a file, which it reads as `@file`: they may be too many for a command line.
pub(crate) fn arguments_file(file: &Path, arguments: &[OsString]) -> io::Result<OsString> {
    let lines: String = arguments
        .iter()
        .map(|argument| format!("\"{}\"\n", argument.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    fs::write(file, lines)?;
    let mut argument = OsString::from("@");
    argument.push(file);
    Ok(argument)
}
