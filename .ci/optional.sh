# Functions for the stages of CI that are skipped, with a message, if Debian's packages are not available. Sourced.

# skipped REASON: ends the stage successfully.
skipped() {
  printf 'SKIPPED: %s: %s\n' "${0##*/}" "$*"
  exit 0
}

# mirror: prints the address of this machine's Debian mirror; fails if none is configured.
mirror() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)
  [ -n "$uri" ] && printf '%s\n' "${uri%/}"
}
