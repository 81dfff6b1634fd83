# For the stages of CI that are left out, and say so, where Debian's packages do not come through. Sourced.

# skipped REASON: ends the stage well.
skipped() {
  printf 'SKIPPED: %s: %s\n' "${0##*/}" "$*"
  exit 0
}

# mirror: where this machine gets Debian from; fails when it is not told.
mirror() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)
  [ -n "$uri" ] && printf '%s\n' "${uri%/}"
}
