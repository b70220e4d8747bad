import {
  to = tenure_group_membership.on_call
  identity = {
    tenant     = "api.slack.com/scim/v2"
    group_id   = "S0615G0KT"
    account_id = "U061F7AUR"
  }
}
