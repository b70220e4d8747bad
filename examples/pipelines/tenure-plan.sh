#!/bin/sh
# Plans, and says what the plan means for people: tenure-plan.sh DIR, from the directory of the configuration.
#
# DIR gets comment.md, report.html, report.json, and result, which is one word:
#   nothing  nothing changes
#   policy   all of it is what policy says, see policy-only.jq
#   look     somebody has to look at it first
#   failed   planning failed; comment.md says why as far as it is known
# plan.bin, plan.json and plan.ndjson (what Terraform printed) go to DIR/private: they name people and may hold more.
#
# TENURE_REDACT=yes: pseudonyms instead of names; set TENURE_REDACT_KEY as well. TF: terraform or tofu.
# TENURE_BIN: the provider's binary, found below .terraform when it is not set.
set -eu
umask 077

dir=$1
here=$(cd "$(dirname "$0")" && pwd)
tf=${TF:-terraform}
mkdir -p "$dir/private"
dir=$(cd "$dir" && pwd)
private=$dir/private

tenure=${TENURE_BIN:-$(find .terraform/providers -name 'terraform-provider-tenure_v*' \( -type f -o -type l \) | head -n 1)}
[ -n "$tenure" ] || { echo "No provider below .terraform/providers: run $tf init first." >&2; exit 1; }

planned=yes
"$tf" plan -input=false -lock-timeout=5m -json -out="$private/plan.bin" > "$private/plan.ndjson" || planned=no
if ! { [ -s "$private/plan.bin" ] && "$tf" show -json "$private/plan.bin" > "$private/plan.json"; }; then
	echo failed > "$dir/result"
	echo "Planning failed before there was a plan. Who may read the state finds the reason by planning on their own machine." > "$dir/comment.md"
	exit 0
fi

set -- "$private/plan.json" --messages "$private/plan.ndjson"
[ "${TENURE_REDACT:-no}" = no ] || set -- "$@" --redact
code=0
"$tenure" report "$@" -o "$dir/comment.md" -o "$dir/report.html" -o "$dir/report.json" || code=$?

if [ "$planned" = no ] || [ "$code" -eq 1 ]; then
	result=failed
elif [ "$(jq --slurpfile plan "$private/plan.json" -f "$here/policy-only.jq" "$dir/report.json")" != true ]; then
	result=look
elif [ "$code" -eq 0 ]; then
	result=nothing
else
	result=policy
fi
echo "$result" > "$dir/result"
