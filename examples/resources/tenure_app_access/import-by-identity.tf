import {
  to = tenure_app_access.slack
  identity = {
    tenant = "api.slack.com/scim/v2"
  }
}
