#!/bin/sh
# Prints the section of CHANGELOG.md for a version ("0.1.0" or "v0.1.0"); fails when there is none.
set -eu
version=${1:?usage: tools/release-notes.sh VERSION}
version=${version#v}
changelog=$(dirname "$0")/../CHANGELOG.md
notes=$(awk -v heading="## [$version]" '
	index($0, "## [") == 1 { inside = index($0, heading) == 1; next }
	/^\[[^]]*\]: / { next }
	inside { print }
' "$changelog")
if [ -z "$notes" ]; then
	echo "CHANGELOG.md has no section \"## [$version]\": move what is under Unreleased there and date it." >&2
	exit 1
fi
printf '%s\n' "$notes"
