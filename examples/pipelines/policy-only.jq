# Whether everything that a plan would write is what policy says: jq --slurpfile plan plan.json -f policy-only.jq report.json
# Not so: putting right what somebody changed by hand, removing strangers, edits of the configuration itself, groups,
# imports, the end of a resource, and whatever the report could not see. All of that is for a person to decide.
["rule", "exception", "override", "leaver", "mover", "expiry", "cutoff", "profile"] as $policy
| ["gain", "lose", "change"] as $writes
| (.stops | length == 0)
and all(.plans[]; (.errored | not) and .complete)
and all(.objects[]; .action == "keep")
and all(.notes[]; .code as $c | ["unknown", "destroyed", "imported", "deferred", "sensitive"] | index($c) | not)
and all(.people[].changes[];
  (.effect as $e | $writes | index($e) | not) and .effect != "noticed"
  or (.reason as $r | $policy | index($r) != null) and (.drift // "") == "")
and all($plan[0].resource_changes[]?;
  .mode != "managed" or (.change.actions - ["no-op", "read"] | length == 0) or (.type | startswith("tenure_")))
