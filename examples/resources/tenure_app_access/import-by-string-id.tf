import {
  to = tenure_app_access.this["slack"]
  id = "slack"
}
