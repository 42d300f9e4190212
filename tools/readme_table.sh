#!/usr/bin/env bash
# Writes the table of what is supported, as the planner prints it, into the README. With --check it
# only says whether the README has it.
set -euo pipefail
cd "$(dirname "$0")/.."
attnjit=${ATTNJIT:-${ATTNJIT_BUILD:-build/release}/tools/attnjit/attnjit}
table=$("$attnjit" explain --support)
updated=$(awk -v table="$table" '
  /<!-- support table -->/ { print; print ""; print table; print ""; skip = 1; next }
  /<!-- end of support table -->/ { skip = 0 }
  !skip' README.md)
if [ "${1:-}" = --check ]; then
  diff <(printf '%s\n' "$updated") README.md || {
    echo "README.md: the support table is not the planner's; run tools/readme_table.sh" >&2
    exit 1
  }
  exit 0
fi
printf '%s\n' "$updated" >README.md
