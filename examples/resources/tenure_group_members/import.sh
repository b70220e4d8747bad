# APP/GROUP; a "/" inside a part is written %2F
terraform import tenure_group_members.on_call slack/on-call
