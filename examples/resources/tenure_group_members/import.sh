# APP/GROUP, the group by name or by id
terraform import tenure_group_members.on_call slack/on-call
