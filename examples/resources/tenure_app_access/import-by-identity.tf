import {
  to = tenure_app_access.this["slack"]
  identity = {
    tenant = "api.slack.com/scim/v2"
  }
}
