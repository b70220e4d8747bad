import {
  to = tenure_group_members.on_call
  id = "slack/on-call"
}
