import {
  to = tenure_group.engineering
  identity = {
    tenant   = "api.slack.com/scim/v2"
    group_id = "S0614TZR7"
  }
}
