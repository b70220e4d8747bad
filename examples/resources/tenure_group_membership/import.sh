# APP/GROUP/USER_NAME
terraform import tenure_group_membership.on_call slack/on-call/ana@acme.com
