import {
  to = tenure_license_assignment.designer
  id = "wiki/Design/Full/ana@acme.com"
}
