import {
  to = tenure_group_membership.on_call
  id = "slack/on-call/ana@acme.com"
}
