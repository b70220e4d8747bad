# APP/GROUP, the group by name or by id
terraform import tenure_group.engineering slack/engineering
