//! The cost of the SDK for an app: the size of the library by crate, and the start-up time.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::args::BenchSdk;
use crate::figures::ratio;
use crate::{Outcome, bindings};

/// The maximum size of the stripped library, in bytes.
const MOST: u64 = 6_000_000;
/// Packed relocations, as in .cargo/config.toml for Android. Not set there for hosts, because host linkers before 2022
/// do not support them.
const PACKED: &str = "-Clink-arg=-Wl,-z,pack-relative-relocs";
/// Identical functions are merged, as in .cargo/config.toml for Android.
const FOLDED: &str = "-Clink-arg=-Wl,--icf=all";
/// Smaller crates are combined in one line of the output.
const SHOWN: u64 = 20_000;

pub(crate) fn run(options: &BenchSdk) -> Outcome {
    let root = bindings::root();
    let local = format!("-Clink-arg=-Wl,--version-script={}", root.join(bindings::LOCAL_SYMBOLS).display());
    let command = ["rustc", "--profile=phone", "--crate-type=cdylib", "--features=jni", "--", PACKED, FOLDED, &local];
    let library = bindings::library(&root, &command)?;
    let dir = tempfile::tempdir()?;
    let stripped = dir.path().join("stripped");
    stdout(Command::new("strip").arg("-o").arg(&stripped).arg(&library))?;
    let size = fs::metadata(&stripped)?.len();
    println!("{:>9} bytes, stripped; at most {MOST}", size);
    let symbols = stdout(Command::new("nm").args(["--demangle", "--print-size", "--defined-only"]).arg(&library))?;
    let in_c = c_symbols(library.parent().unwrap_or(&root))?;
    print_parts(size, parts(&symbols, &in_c));
    if options.size_only {
        return Ok(bindings::code(size < MOST));
    }
    let start = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--locked", "--package", "fieldcast-ffi", "--example", "startup"])
        .current_dir(root)
        .status()?;
    Ok(bindings::code(size < MOST && start.success()))
}

fn stdout(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn print_parts(size: u64, mut parts: Vec<(String, u64)>) {
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let (shown, small): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, bytes)| *bytes >= SHOWN);
    let small = ("crates smaller than these".to_owned(), small.iter().map(|(_, bytes)| bytes).sum());
    let named: u64 = shown.iter().chain([&small]).map(|(_, bytes)| bytes).sum();
    let rest = ("constants, unwind tables, relocations".to_owned(), size.saturating_sub(named));
    for (name, bytes) in shown.iter().chain([&small, &rest]) {
        println!("{bytes:>9} {:>5.1} % {name}", 100.0 * ratio(*bytes as f64, size as f64));
    }
}

/// Returns the crate of each C function, by function name.
fn c_symbols(target: &Path) -> Outcome<HashMap<String, String>> {
    let mut names = HashMap::new();
    for built in fs::read_dir(target.join("build"))? {
        let built = built?;
        let crate_name = built.file_name().to_string_lossy().rsplit_once('-').map(|(name, _)| name.to_owned());
        let (Some(crate_name), Ok(files)) = (crate_name, fs::read_dir(built.path().join("out"))) else { continue };
        for file in files {
            let file = file?.path();
            if file.extension().is_some_and(|end| end == "a") {
                let symbols = stdout(Command::new("nm").args(["--defined-only", "--format=just-symbols"]).arg(file))?;
                names.extend(symbols.lines().map(|name| (name.to_owned(), crate_name.clone())));
            }
        }
    }
    Ok(names)
}

/// Returns the bytes per crate, from lines `address size kind name`. Symbols at one address are one function.
fn parts(symbols: &str, in_c: &HashMap<String, String>) -> Vec<(String, u64)> {
    let mut functions = BTreeMap::new();
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(address), Some(size), Some(kind), Some(name)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue; // a symbol without a size
        };
        // Zero-initialized memory (.bss) is not stored in the file.
        if let (Ok(size), false) = (u64::from_str_radix(size, 16), kind.eq_ignore_ascii_case("b")) {
            functions.insert(address, (size, name));
        }
    }
    let mut parts = BTreeMap::<_, u64>::new();
    for (size, name) in functions.into_values() {
        *parts.entry(crate_of(name, in_c)).or_default() += size;
    }
    parts.into_iter().collect()
}

/// Returns the crate of a function: `a::b`, `<a::T as b::U>::c`. For a C function, the crate that compiled it.
fn crate_of(name: &str, in_c: &HashMap<String, String>) -> String {
    let path = name.trim_start_matches(['<', '&', '*', '[', '(', ' ']);
    let path = ["mut ", "dyn ", "const "].iter().fold(path, |path, word| path.trim_start_matches(word));
    match path.split_once("::") {
        Some((first, _)) if first.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => first.to_owned(),
        _ => in_c.get(name).cloned().unwrap_or_else(|| "core, std, and unnamed symbols".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bytes_once_per_crate() {
        let symbols = "\
            0000000000001000 0000000000000010 t alpha::run\n\
            0000000000001000 0000000000000010 t alpha::run_again\n\
            0000000000002000 0000000000000020 T <alpha::T as core::fmt::Debug>::fmt\n\
            0000000000003000 0000000000000030 t <&mut dyn beta::U>::go\n\
            0000000000004000 0000000000000040 t sqlite3_step\n\
            0000000000005000 0000000000000050 b alpha::ROOM\n\
            0000000000006000 T no_size\n";
        let in_c = HashMap::from([("sqlite3_step".to_owned(), "libsqlite3-sys".to_owned())]);
        let expected = [("alpha", 0x30), ("beta", 0x30), ("libsqlite3-sys", 0x40)];
        assert_eq!(parts(symbols, &in_c), expected.map(|(name, bytes)| (name.to_owned(), bytes)));
    }
}
