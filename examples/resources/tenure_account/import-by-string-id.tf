import {
  to = tenure_account.deploy_bot
  id = "slack/deploy-bot@acme.com"
}
