# Functions for the stages of CI that are skipped, with a message, if the packages they need are not available. Sourced.

# skipped REASON: ends the stage successfully.
skipped() {
  printf 'SKIPPED: %s: %s\n' "${0##*/}" "$*"
  exit 0
}

# fetched SECONDS STEP COMMAND...: a step that needs the network. Its output goes to the file $log.
fetched() {
  local seconds=$1 step=$2
  shift 2
  timeout "$seconds" "$@" >"$log" 2>&1 || { tail -n 5 "$log"; skipped "$step failed or took more than $seconds s"; }
}

# tool FILE BODY: makes a shell script that a build calls as a compiler or archiver.
tool() {
  printf '#!/bin/sh\n%s\n' "$2" >"$1"
  chmod +x "$1"
}

# mirror: prints the address of this machine's Debian mirror; fails if none is configured.
mirror() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)
  [ -n "$uri" ] && printf '%s\n' "${uri%/}"
}

# rust_library: sets $library to the source of std of rustc's version. Downloads it once, from Debian's backports, with a
# separate package list; the machine's list does not change.
rust_library() {
  local version mirror found out="$PWD/target/rust-src" apt log
  version=$(rustc -vV | sed -n 's/^release: //p')
  library="$out/usr/src/rustc-$version/library"
  if [ -d "$library/std" ]; then return; fi
  mirror=$(mirror) || skipped "no Debian mirror is configured on this machine"
  rm -rf "$out"
  mkdir -p "$out/apt/lists/partial" "$out/apt/archives/partial"
  log="$out/apt/log"
  apt=(-o Dir::Etc::sourcelist="$out/apt/list" -o Dir::Etc::sourceparts=- -o Dir::State="$out/apt"
    -o Dir::Cache="$out/apt" -o APT::Sandbox::User=root -o Acquire::Retries=1)
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie-backports main\n' "$mirror" >"$out/apt/list"
  fetched 120 "the list of Debian's trixie-backports" apt-get "${apt[@]}" update -q
  found=$(apt-cache "${apt[@]}" madison rust-src | awk -v v="$version" 'index($3, v "+") == 1 { print $3; exit }')
  [ -n "$found" ] || skipped "Debian no longer has rust-src $version"
  fetched 180 "Debian's rust-src $found" env --chdir="$out/apt" apt-get "${apt[@]}" download -q "rust-src=$found"
  dpkg -x "$out"/apt/rust-src_*.deb "$out"
  rm -f "$out"/apt/rust-src_*.deb
  [ -d "$library/std" ] || skipped "rust-src $found does not have the expected folders"
}
