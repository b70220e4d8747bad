#!/bin/sh
# Prints the path of a Terraform or OpenTofu binary that Tenure can be tested with; what it does is told on stderr.
#
#   1. TF_ACC_TERRAFORM_PATH, when set, without asking further
#   2. terraform, then tofu, on PATH, when they run and are 1.8 or later
#   3. OpenTofu built earlier by step 4
#   4. OpenTofu built from its Go module (tools/opentofu), kept in the user's cache directory
set -eu

here=$(cd "$(dirname "$0")" && pwd)
say() { printf '%s\n' "$*" >&2; }

# Terraform asks a server for newer versions of itself; a tool that finds binaries must not.
export CHECKPOINT_DISABLE=1

# version BINARY: prints 1.11.4, or nothing when the binary does not run (a version manager's shim without a version).
version() {
	"$1" version -json 2>/dev/null | sed -n 's/.*"terraform_version": *"\([0-9.]*\).*/\1/p' | head -n 1
}

# recent 1.11.4: true from 1.8 on.
recent() {
	major=${1%%.*}
	rest=${1#*.}
	minor=${rest%%.*}
	[ "${major:-0}" -gt 1 ] || { [ "${major:-0}" -eq 1 ] && [ "${minor:-0}" -ge 8 ]; }
}

if [ -n "${TF_ACC_TERRAFORM_PATH:-}" ]; then
	printf '%s\n' "$TF_ACC_TERRAFORM_PATH"
	exit
fi

for name in terraform tofu; do
	found=$(command -v "$name" 2>/dev/null) || continue
	has=$(version "$found")
	if [ -n "$has" ] && recent "$has"; then
		printf '%s\n' "$found"
		exit
	fi
	say "$found is not used: ${has:-it does not run}${has:+ is older than 1.8}."
done

want=$(cd "$here/opentofu" && go list -m -f '{{.Version}}' github.com/opentofu/opentofu)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenure/opentofu-$want-$(go env GOOS)-$(go env GOARCH)
tofu=$cache/tofu$(go env GOEXE)
if [ -x "$tofu" ]; then
	printf '%s\n' "$tofu"
	exit
fi

say "No Terraform and no OpenTofu 1.8 or later on PATH."
say "Building OpenTofu $want from source with Go: about four minutes on two cores, once."
say "It is kept as $tofu and used next time."
mkdir -p "$cache"
# Built beside its final name and moved there, so that an interrupted build is never taken for a binary.
building=$tofu.$$
trap 'rm -f "$building"' EXIT
trap 'exit 130' INT TERM
# version.dev=no: a release calls itself 1.12.6 and not 1.12.6-dev.
go build -C "$here/opentofu" -trimpath -o "$building" \
	-ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' \
	github.com/opentofu/opentofu/cmd/tofu >&2
mv "$building" "$tofu"
say "OpenTofu $want is built."
printf '%s\n' "$tofu"
