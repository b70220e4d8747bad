import {
  to = tenure_app_access.slack
  id = "slack"
}
