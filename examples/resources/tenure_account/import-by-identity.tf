import {
  to = tenure_account.deploy_bot
  identity = {
    tenant     = "api.slack.com/scim/v2"
    account_id = "U012AB3CD"
  }
}
