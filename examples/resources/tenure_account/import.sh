# APP/USER_NAME; a "/" inside a part is written %2F
terraform import tenure_account.deploy_bot slack/deploy-bot@acme.com
