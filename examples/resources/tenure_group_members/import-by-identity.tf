import {
  to = tenure_group_members.on_call
  identity = {
    tenant   = "api.slack.com/scim/v2"
    group_id = "S0615G0KT"
  }
}
