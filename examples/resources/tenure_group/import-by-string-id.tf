import {
  to = tenure_group.engineering
  id = "slack/engineering"
}
