import {
  to = tenure_license_assignment.designer
  identity = {
    tenant     = "local:wiki.json"
    product    = "Design"
    license    = "Full"
    account_id = "u-000001"
  }
}
